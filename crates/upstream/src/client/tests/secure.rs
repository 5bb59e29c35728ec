//! TLS with a certificate authority of our own, HTTP/2 by ALPN.

use super::*;
use http_body::{Body, Frame};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// `conduit.test` and every other name are here.
struct Loopback;

impl Resolve for Loopback {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
    }
}

/// A stream of one event that never ends; reports when it is dropped, and so does the handler before its answer.
struct Endless {
    sent: bool,
    _report: Report,
}

struct Report(mpsc::UnboundedSender<Instant>);

impl Drop for Report {
    fn drop(&mut self) {
        let _ = self.0.send(Instant::now());
    }
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match std::mem::replace(&mut self.sent, true) {
            false => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data: 1\n\n"))))),
            true => Poll::Pending,
        }
    }
}

struct Server {
    address: SocketAddr,
    bundle: tempfile::NamedTempFile,
    connections: Arc<AtomicUsize>,
    ended: mpsc::UnboundedReceiver<Instant>,
}

impl Server {
    /// Serves `/echo` (protocol version and host), `/stream` (one event, then silence) and `/never` over TLS.
    async fn start() -> Self {
        let (acceptor, bundle) = authority();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let (report, ended) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let (acceptor, report) = (acceptor.clone(), report.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| answer(request, Report(report.clone())));
                    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, bundle, connections, ended }
    }

    fn client(&self, http2: bool) -> Client {
        let options = Options { http2, extra_ca: Some(self.bundle.path().to_owned()), ..Options::default() };
        Client::with_resolver(options, Arc::new(Loopback)).unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("https://conduit.test:{}{path}", self.address.port())
    }
}

async fn answer(request: Request<hyper::body::Incoming>, report: Report) -> Result<Response<UpstreamBody>, Infallible> {
    let body = match request.uri().path() {
        "/stream" => UpstreamBody::new(Endless { sent: false, _report: report }.map_err(|never| match never {})),
        "/never" => std::future::pending().await,
        _ => {
            let host = request.uri().host().or(request.headers().get("host").and_then(|host| host.to_str().ok()));
            let text = format!("{:?} {}", request.version(), host.unwrap_or_default());
            UpstreamBody::new(Full::new(Bytes::from(text)).map_err(|never| match never {}))
        }
    };
    Ok(Response::new(body))
}

/// A certificate for `conduit.test` and the bundle that holds its authority.
fn authority() -> (TlsAcceptor, tempfile::NamedTempFile) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["conduit.test".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let bundle = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(bundle.path(), ca_certificate.pem()).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (TlsAcceptor::from(Arc::new(config)), bundle)
}

#[tokio::test]
async fn http2_is_spoken_where_offered_on_one_connection() {
    let server = Server::start().await;
    let client = server.client(true);
    for _ in 0..5 {
        let answer = client.send(post(&server.url("/echo"), "x"), &egress(true)).await.unwrap();
        assert_eq!(text(answer).await, "HTTP/2.0 conduit.test");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    let answer = server.client(false).send(post(&server.url("/echo"), "x"), &egress(true)).await.unwrap();
    assert_eq!(text(answer).await, format!("HTTP/1.1 conduit.test:{}", server.address.port()));
}

/// More streams at once than a provider lets one connection have are spread over connections and not queued.
#[tokio::test]
async fn many_streams_do_not_wait_for_each_other() {
    let server = Server::start().await;
    let client = server.client(true);
    let (mut open, rules) = (Vec::new(), egress(true));
    for _ in 0..250 {
        let call = client.send(post(&server.url("/stream"), "x"), &rules);
        let mut answer = tokio::time::timeout(Duration::from_secs(5), call).await.expect("a stream waits for another to end").unwrap();
        assert_eq!(answer.body_mut().frame().await.unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
        open.push(answer);
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 4);
}

/// Requests that come together while an HTTP/2 connection is being made wait for it instead of making their own.
#[tokio::test]
async fn requests_at_once_share_a_connection_in_the_making() {
    let server = Server::start().await;
    let client = Arc::new(server.client(true));
    let first = client.send(post(&server.url("/stream"), "x"), &egress(true)).await.unwrap();
    let ask = || {
        let (client, url) = (Arc::clone(&client), server.url("/stream"));
        tokio::spawn(async move { client.send(post(&url, "x"), &egress(true)).await.unwrap() })
    };
    let calls: Vec<_> = (0..150).map(|_| ask()).collect();
    let mut open = vec![first];
    for call in calls {
        open.push(call.await.unwrap());
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 3);
    drop(open);
    let answer = client.send(post(&server.url("/echo"), "x"), &egress(true)).await.unwrap();
    assert_eq!(text(answer).await, "HTTP/2.0 conduit.test");
    assert_eq!(server.connections.load(Ordering::SeqCst), 3);
}

/// R8 on HTTP/2: the stream is reset, the connection and its other streams live on.
#[tokio::test]
async fn dropping_resets_the_stream_within_500_ms() {
    let mut server = Server::start().await;
    let client = Arc::new(server.client(true));
    let mut body = client.send(post(&server.url("/stream"), "x"), &egress(true)).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    let other = client.send(post(&server.url("/stream"), "x"), &egress(true)).await.unwrap();

    drop(body);
    assert_reset(Instant::now(), &mut server.ended).await;

    let call = tokio::spawn({
        let (client, url) = (Arc::clone(&client), server.url("/never"));
        async move { client.send(post(&url, "x"), &egress(true)).await.map(drop) }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    call.abort();
    assert_reset(Instant::now(), &mut server.ended).await;

    let answer = client.send(post(&server.url("/echo"), "x"), &egress(true)).await.unwrap();
    assert_eq!(text(answer).await, "HTTP/2.0 conduit.test");
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    drop(other);
}

async fn assert_reset(dropped: Instant, ended: &mut mpsc::UnboundedReceiver<Instant>) {
    let at = tokio::time::timeout(Duration::from_secs(5), ended.recv()).await.expect("the stream stays open").unwrap();
    assert!(at.saturating_duration_since(dropped) < Duration::from_millis(500));
}

#[tokio::test]
async fn a_certificate_that_does_not_prove_the_host_is_a_tls_fault() {
    let server = Server::start().await;
    let port = server.address.port();
    let unknown = Client::with_resolver(Options::default(), Arc::new(Loopback)).unwrap();
    let wrong_name = format!("https://other.test:{port}/");
    for (client, url) in
        [(&unknown, server.url("/echo")), (&server.client(true), wrong_name), (&server.client(true), format!("https://127.0.0.1:{port}/"))]
    {
        let fault = client.send(post(&url, "x"), &egress(true)).await.err().unwrap();
        assert_eq!(fault.kind, SendFaultKind::Tls, "{url}: {fault:?}");
    }
    let plain = Raw::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let fault = unknown.send(post(&plain.url().replace("http:", "https:"), "x"), &egress(true)).await.err().unwrap();
    assert_eq!(fault.kind, SendFaultKind::Tls, "{fault:?}");
}

#[test]
fn a_bundle_that_is_missing_or_empty_is_named() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(empty.path(), "no certificate").unwrap();
    for path in [empty.path().to_owned(), PathBuf::from("/nowhere/ca.pem")] {
        let options = Options { extra_ca: Some(path.clone()), ..Options::default() };
        let fault = Client::new(options).err().unwrap();
        assert!(fault.to_string().contains(&path.display().to_string()), "{fault}");
    }
}
