//! What a request, an answer or the environment can't do: lead a connection somewhere else.

use super::*;

/// A server that answers every request with `ok` and keeps the connection.
async fn ok_server() -> Raw {
    Raw::start(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            let _ = stream.write_all(OK).await;
        }
    })
    .await
}

/// R71: whatever the status, the target of a redirect sees nothing, and the answer is handed on as it is.
#[tokio::test]
async fn redirects_are_not_followed() {
    let canary = ok_server().await;
    let client = Client::new(Options::default()).unwrap();
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let location = canary.url();
        let server = Raw::start(move |mut stream, _| {
            let answer = format!("HTTP/1.1 {status} X\r\nlocation: {location}\r\nrefresh: 0; url={location}\r\ncontent-length: 0\r\n\r\n");
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await;
        let answer = client.send(post(&server.url(), "x"), &egress(true)).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(server.connections(), 1);
    }
    assert_eq!(canary.connections(), 0);
}

/// R69: a connection made for a provider that may use private networks is not found by one that may not.
#[tokio::test]
async fn connections_are_not_shared_across_rules() {
    let server = ok_server().await;
    let client = Client::new(Options::default()).unwrap();
    assert_eq!(text(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap()).await, "ok");
    let secure = server.url().replace("http:", "https:");
    for url in [server.url(), secure] {
        let fault = client.send(post(&url, "x"), &egress(false)).await.err().unwrap();
        assert_eq!(fault.kind, SendFaultKind::Forbidden, "{fault:?}");
        assert!(fault.cause.contains("allow_private_network"), "{fault:?}");
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(text(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap()).await, "ok");
    assert_eq!(server.connections(), 1);
}

/// Every change of a connect timeout makes new connections; those under the old one are closed and forgotten when they were idle for long enough.
#[tokio::test]
async fn many_rules_do_not_pile_up() {
    let server = ok_server().await;
    let client = Client::new(Options { pool_idle_timeout: Duration::from_millis(200), ..Options::default() }).unwrap();
    for millis in 0..100 {
        let egress = Egress { connect_timeout: CONNECT + Duration::from_millis(millis), ..egress(true) };
        assert_eq!(text(client.send(post(&server.url(), "x"), &egress).await.unwrap()).await, "ok");
    }
    assert_eq!(server.connections(), 100);
    let begun = Instant::now();
    while client.hosts.known() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(5), "{} are left", client.hosts.known());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(text(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap()).await, "ok");
}

#[tokio::test]
async fn requests_without_a_proper_target_are_refused() {
    let canary = ok_server().await;
    let client = Client::new(Options::default()).unwrap();
    for url in ["/v1/x".to_owned(), format!("http://user:secret@{}/", canary.address)] {
        let fault = client.send(post(&url, "x"), &egress(true)).await.err().unwrap();
        assert_eq!(fault.kind, SendFaultKind::Forbidden);
        assert!(!fault.cause.contains("secret"), "{fault:?}");
    }
    let in_process = Egress { in_process: true, ..egress(true) };
    assert_eq!(client.send(post(&canary.url(), "x"), &in_process).await.err().unwrap().kind, SendFaultKind::Forbidden);
    assert_eq!(canary.connections(), 0);
}

/// R72: run again by [`proxy_variables_are_ignored`] with the variables set; alone it proves nothing more than a request that works.
#[tokio::test]
async fn a_request_goes_where_its_url_says() {
    let server = ok_server().await;
    let client = Client::new(Options::default()).unwrap();
    assert_eq!(text(client.send(post(&server.url(), "x"), &egress(true)).await.unwrap()).await, "ok");
    assert_eq!(server.connections(), 1);
}

/// R72: a canary in all proxy variables of the environment sees no connection, and the request arrives.
#[tokio::test]
async fn proxy_variables_are_ignored() {
    let canary = ok_server().await;
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "client::tests::guard::a_request_goes_where_its_url_says"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        child.env(name, format!("http://{}", canary.address));
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = child.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(canary.connections(), 0);
}
