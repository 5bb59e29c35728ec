use crate::tests::{send, simulator};
use crate::{Options, Simulator, Tls};
use http::Request;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn ask(words: &str) -> Request<bytes::Bytes> {
    let body = json!({"model": "sim-chat", "messages": [{"role": "user", "content": "hello"}]}).to_string();
    Request::post("/simulated/v1/chat/completions").header("x-simulate", words).body(body.into()).unwrap()
}

#[tokio::test]
async fn every_kind_of_garbage_is_what_it_says() {
    let simulator = simulator();
    let html = send(&simulator, ask("garbage=html")).await;
    assert!(
        html.status == 200 && html.headers["content-type"].to_str().unwrap().starts_with("text/html") && html.text().contains("<html>")
    );
    let json = send(&simulator, ask("garbage=json")).await;
    assert!(json.headers["content-type"] == "application/json" && serde_json::from_str::<serde_json::Value>(&json.text()).is_err());
    let kind = send(&simulator, ask("garbage=type")).await;
    assert!(kind.headers["content-type"] == "application/octet-stream" && kind.json()["choices"].is_array());
    let utf8 = send(&simulator, ask("garbage=utf8")).await;
    assert!(std::str::from_utf8(&utf8.frames[0]).is_err());
    let gzip = send(&simulator, ask("garbage=gzip")).await;
    assert!(gzip.headers["content-encoding"] == "gzip" && gzip.json().is_object());
    let redirect = send(&simulator, ask("garbage=redirect")).await;
    assert!(redirect.status == 307 && redirect.headers.contains_key("location"));
    let unknown = send(&simulator, ask("garbage=nonsense")).await;
    assert!(unknown.status == 400 && unknown.text().contains("half-head"), "{}", unknown.text());
}

/// What comes over a socket within a second, at most a megabyte of it.
async fn over_a_socket(words: &str) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(crate::serve(listener, Simulator::new(Options::default()), std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (parts, body) = ask(words).into_parts();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: s\r\nconnection: close\r\nx-simulate: {words}\r\ncontent-length: {}\r\n\r\n",
        parts.uri,
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    let mut got = Vec::new();
    let read = async { while got.len() < 1 << 20 && stream.read_buf(&mut got).await.unwrap_or(0) > 0 {} };
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await;
    server.abort();
    got
}

#[tokio::test]
async fn what_no_library_would_write_comes_over_the_wire() {
    assert!(over_a_socket("garbage=not-http").await.starts_with(b"\0"));
    let half = over_a_socket("garbage=half-head").await;
    assert!(half.starts_with(b"HTTP/1.1 200") && !half.windows(4).any(|window| window == b"\r\n\r\n"));
    assert!(over_a_socket("garbage=bad-chunk").await.windows(6).any(|window| window == b"\r\nzz\r\n"));
    for endless in ["garbage=endless-head", "garbage=endless-body"] {
        assert!(over_a_socket(endless).await.len() >= 1 << 20, "{endless}");
    }
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte() {
    let began = Instant::now();
    let slow = over_a_socket("slow-head=2ms").await;
    assert!(began.elapsed() > Duration::from_millis(200), "{:?}", began.elapsed());
    let text = String::from_utf8(slow).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("chat.completion"), "{text}");
}

#[tokio::test]
async fn over_tls_the_client_chooses_the_version() {
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = Tls::self_made(address.ip()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(tls.certificate().as_bytes()).unwrap()).unwrap();
    let server = tokio::spawn(crate::serve_tls(listener, Simulator::new(Options::default()), tls, std::future::pending()));
    for protocol in ["h2", "http/1.1"] {
        let mut config = ClientConfig::builder_with_provider(std::sync::Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut stream = connector.connect(name, TcpStream::connect(address).await.unwrap()).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
        if protocol == "http/1.1" {
            stream.write_all(b"GET /_health HTTP/1.1\r\nhost: s\r\nconnection: close\r\n\r\n").await.unwrap();
            let mut got = Vec::new();
            let _ = stream.read_to_end(&mut got).await;
            assert!(got.starts_with(b"HTTP/1.1 200 OK"));
        }
    }
    server.abort();
}
