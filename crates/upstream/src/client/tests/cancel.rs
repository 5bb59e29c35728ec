//! R8: a caller that goes away closes the connection to the provider within 500 ms, wherever the request stands.

use super::*;
use tokio::sync::mpsc;

const LIMIT: Duration = Duration::from_millis(500);

/// Answers with `answer` after the request (or at once when it does not read), then waits for the client to close and reports when.
async fn watch(answer: &'static [u8], read: bool) -> (Raw, mpsc::UnboundedReceiver<Instant>, mpsc::UnboundedReceiver<()>) {
    let (closed, when_closed) = mpsc::unbounded_channel();
    let (ready, when_ready) = mpsc::unbounded_channel();
    let server = Raw::start(move |mut stream, _| {
        let (closed, ready) = (closed.clone(), ready.clone());
        async move {
            if read {
                read_request(&mut stream).await;
            }
            let _ = stream.write_all(answer).await;
            let _ = ready.send(());
            if !read {
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            let mut rest = [0; 65536];
            while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
            let _ = closed.send(Instant::now());
        }
    })
    .await;
    (server, when_closed, when_ready)
}

async fn assert_closed(dropped: Instant, when_closed: &mut mpsc::UnboundedReceiver<Instant>) {
    let closed = tokio::time::timeout(Duration::from_secs(5), when_closed.recv()).await.expect("the connection stays open").unwrap();
    let took = closed.saturating_duration_since(dropped);
    assert!(took < LIMIT, "{took:?}");
}

#[tokio::test]
async fn dropping_the_future_before_an_answer_closes() {
    let (server, mut when_closed, mut when_ready) = watch(b"", true).await;
    let client = Arc::new(Client::new(Options::default()).unwrap());
    let call = tokio::spawn({
        let (client, url) = (Arc::clone(&client), server.url());
        async move { client.send(post(&url, "x"), &egress(true)).await.map(drop) }
    });
    when_ready.recv().await;
    call.abort();
    assert_closed(Instant::now(), &mut when_closed).await;
}

#[tokio::test]
async fn dropping_the_body_of_a_silent_stream_closes() {
    let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let (server, mut when_closed, _) = watch(answer, true).await;
    let client = Client::new(Options::default()).unwrap();
    let mut body = client.send(post(&server.url(), "x"), &egress(true)).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "hello");
    drop(body);
    assert_closed(Instant::now(), &mut when_closed).await;
}

#[tokio::test]
async fn dropping_the_answer_unread_closes() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nhello";
    let (server, mut when_closed, _) = watch(answer, true).await;
    let client = Client::new(Options::default()).unwrap();
    drop(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap());
    assert_closed(Instant::now(), &mut when_closed).await;
}

#[tokio::test]
async fn dropping_the_future_while_the_request_is_still_written_closes() {
    let (server, mut when_closed, mut when_ready) = watch(b"", false).await;
    let client = Arc::new(Client::new(Options::default()).unwrap());
    let call = tokio::spawn({
        let (client, url) = (Arc::clone(&client), server.url());
        async move {
            let request = Request::post(url).body(Bytes::from(vec![b'x'; 64 << 20])).unwrap();
            client.send(request, &egress(true)).await.map(drop)
        }
    });
    when_ready.recv().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    call.abort();
    assert_closed(Instant::now(), &mut when_closed).await;
}
