//! HTTP/1.1: connections are kept, broken ones are reported for what they are, and no request is sent twice.

use super::*;

#[tokio::test]
async fn connections_are_kept_and_the_request_arrives_as_given() {
    let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let server = Raw::start(move |mut stream, _| {
        let seen = Arc::clone(&seen);
        async move {
            while let Some(request) = read_request(&mut stream).await {
                seen.lock().unwrap().push(request);
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    let client = Client::new(Options::default()).unwrap();
    for _ in 0..3 {
        let mut request = post(&server.url(), "{\"a\":1}");
        // Lengths that the gateway might have copied are replaced by the true ones.
        request.headers_mut().insert(CONTENT_LENGTH, "1".parse().unwrap());
        request.headers_mut().insert(TRANSFER_ENCODING, "chunked".parse().unwrap());
        request.headers_mut().insert("accept-encoding", "identity".parse().unwrap());
        assert_eq!(text(client.send(request, &egress(true)).await.unwrap()).await, "ok");
    }
    assert_eq!(server.connections(), 1);
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    let request = requests.first().unwrap();
    assert!(request.starts_with("POST /v1/x?q=hidden HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {}\r\n", server.address)), "{request}");
    assert!(request.contains("content-length: 7\r\n") && request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    assert_eq!(request.matches("content-length").count(), 1, "{request}");
    assert!(!request.contains("transfer-encoding"), "{request}");
}

/// A pooled connection that the provider closed while idle is replaced without an error.
#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced() {
    let server = Raw::start(|mut stream, _| async move {
        if read_request(&mut stream).await.is_some() {
            stream.write_all(OK).await.unwrap();
        }
    })
    .await;
    let client = Client::new(Options::default()).unwrap();
    for expected in 1..=5 {
        assert_eq!(text(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap()).await, "ok");
        assert_eq!(server.connections(), expected);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// R17: a request that the provider may have seen is never sent again, on a fresh connection or on a reused one.
#[tokio::test]
async fn a_request_that_was_written_is_not_sent_again() {
    let bodies = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&bodies);
    let server = Raw::start(move |mut stream, _| {
        let counter = Arc::clone(&counter);
        async move {
            while let Some(request) = read_request(&mut stream).await {
                if request.ends_with("die") {
                    counter.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    let client = Client::new(Options::default()).unwrap();
    for round in 1..=10 {
        if round % 2 == 0 {
            assert_eq!(text(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap()).await, "ok");
        }
        let fault = client.send(post(&server.url(), "die"), &egress(true)).await.err().unwrap();
        assert_eq!(fault.kind, SendFaultKind::Broken, "{fault:?}");
        assert_eq!(bodies.load(Ordering::SeqCst), round);
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_fault() {
    let big = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(200_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(200));
    let answers: Vec<(Vec<u8>, SendFaultKind)> = vec![
        (b"\x00\x01\x02 garbage \xff\r\n\r\n".to_vec(), SendFaultKind::Protocol),
        (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), SendFaultKind::Protocol),
        (b"HTTP/1.1 999999 OK\r\n\r\n".to_vec(), SendFaultKind::Protocol),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_vec(), SendFaultKind::Protocol),
        (big.into_bytes(), SendFaultKind::Protocol),
        (many.into_bytes(), SendFaultKind::Protocol),
        (b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(), SendFaultKind::Broken),
        (Vec::new(), SendFaultKind::Broken),
    ];
    let client = Client::new(Options::default()).unwrap();
    for (answer, kind) in answers {
        let shown = String::from_utf8_lossy(answer.get(..answer.len().min(40)).unwrap()).into_owned();
        let server = Raw::start(move |mut stream, _| {
            let answer = answer.clone();
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(&answer).await;
            }
        })
        .await;
        let fault = client.send(post(&server.url(), "x"), &egress(true)).await.err().unwrap();
        assert_eq!(fault.kind, kind, "{shown:?}: {}", fault.cause);
        assert!(!fault.cause.contains("hidden"), "the query is in the cause: {}", fault.cause);
        assert!(fault.cause.contains(&server.address.to_string()), "{}", fault.cause);
        assert_eq!(server.connections(), 1);
    }
}

/// A body that ends before its length or its last chunk is an error of the body, never an end.
#[tokio::test]
async fn a_body_cut_short_is_an_error() {
    for head in ["content-length: 100", "transfer-encoding: chunked"] {
        let server = Raw::start(move |mut stream, _| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n").as_bytes()).await;
        })
        .await;
        let client = Client::new(Options::default()).unwrap();
        let answer = client.send(post(&server.url(), "x"), &egress(true)).await.unwrap();
        assert!(answer.into_body().collect().await.is_err(), "{head}");
    }
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    let server = Raw::start(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.write_all(OK).await.unwrap();
        }
    })
    .await;
    let client = Arc::new(Client::new(Options::default()).unwrap());
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let (client, url) = (Arc::clone(&client), server.url());
            tokio::spawn(async move { text(client.send(post(&url, "x"), &egress(true)).await.unwrap()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), "ok");
    }
    // All connections were kept: the next request finds one.
    let before = server.connections();
    assert!(before <= 200);
    assert_eq!(text(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap()).await, "ok");
    assert_eq!(server.connections(), before);
}

/// An answer without a body leaves its connection usable, though nobody reads it.
#[tokio::test]
async fn an_empty_answer_gives_its_connection_back() {
    let server = Raw::start(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        }
    })
    .await;
    let client = Client::new(Options::default()).unwrap();
    for _ in 0..3 {
        drop(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap());
    }
    assert_eq!(server.connections(), 1);
}

/// What a provider says on an idle connection ends it: it would be taken for the next request's answer.
#[tokio::test]
async fn unasked_bytes_end_a_kept_connection() {
    let server = Raw::start(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            stream.write_all(OK).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong").await;
        }
    })
    .await;
    let client = Client::new(Options::default()).unwrap();
    for expected in 1..=3 {
        assert_eq!(text(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap()).await, "ok");
        assert_eq!(server.connections(), expected);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

/// A connection is driven by whoever reads its answer: chunks that came together are there one after the other, without a pause between them.
#[tokio::test]
async fn chunks_that_came_together_are_read_together() {
    let server = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let chunks: String = (0..50).map(|number| format!("4\r\n{number:04}\r\n")).collect();
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").as_bytes()).await;
        std::future::pending().await
    })
    .await;
    let client = Client::new(Options::default()).unwrap();
    let mut body = client.send(post(&server.url(), "x"), &egress(true)).await.unwrap().into_body();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut seen = Vec::new();
    while let Some(Some(Ok(frame))) = futures_util::FutureExt::now_or_never(body.frame()) {
        seen.extend_from_slice(&frame.into_data().unwrap());
    }
    assert_eq!(String::from_utf8(seen).unwrap(), (0..50).map(|number| format!("{number:04}")).collect::<String>());
}

/// Bytes that arrived before a connection broke are handed on before the error.
#[tokio::test]
async fn bytes_before_a_break_are_not_lost() {
    let server = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n").await;
    })
    .await;
    let client = Client::new(Options::default()).unwrap();
    let mut body = client.send(post(&server.url(), "x"), &egress(true)).await.unwrap().into_body();
    let mut seen = Vec::new();
    let failed = loop {
        match body.frame().await {
            Some(Ok(frame)) => seen.extend_from_slice(&frame.into_data().unwrap()),
            end => break end.is_some_and(|frame| frame.is_err()),
        }
    };
    assert!(failed);
    assert_eq!(seen, b"abcdef");
}
