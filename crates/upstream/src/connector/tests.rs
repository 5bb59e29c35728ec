use super::*;
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpSocket};

/// A name server that gives one answer after the other, the last one for ever, and counts the questions.
struct Scripted {
    answers: Mutex<VecDeque<Vec<SocketAddr>>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new<const N: usize>(answers: [&[&str]; N]) -> Arc<Self> {
        let parse = |answer: &[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self { answers: Mutex::new(answers.into_iter().map(parse).collect()), asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Scripted {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move { Ok(answer.unwrap_or_default()) })
    }
}

struct Silent;

impl Resolve for Silent {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(std::future::pending())
    }
}

fn connector(resolver: Arc<dyn Resolve>, allow_private_network: bool) -> Connector {
    let policy = Policy { allow_private_network, connect_timeout: Duration::from_millis(200) };
    Connector { policy, resolver, tls: Arc::new(crate::tls::config(true, None).unwrap()) }
}

async fn fault(connector: &Connector, url: &str) -> ConnectFault {
    match connector.connect(&url.parse().unwrap()).await {
        Ok(_) => panic!("{url} was connected to"),
        Err(fault) => fault,
    }
}

/// R70: of a mixed answer only the public addresses are left to dial.
#[tokio::test]
async fn mixed_answers_are_filtered() {
    let names = Scripted::new([&["93.184.216.34:443", "10.0.0.1:443", "[::1]:443", "[2606:4700::1]:443", "169.254.169.254:443"]]);
    let permitted = connector(names, false).addresses("mixed.test", 443).await.unwrap();
    assert_eq!(permitted, ["93.184.216.34:443".parse().unwrap(), "[2606:4700::1]:443".parse::<SocketAddr>().unwrap()]);
}

/// R70: one question per connection, so there is no second answer that could differ from the one that was judged; the next connection asks
/// and judges anew.
#[tokio::test]
async fn a_rebinding_name_never_reaches_the_private_address() {
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let private = canary.local_addr().unwrap().to_string();
    let names = Scripted::new([&["93.184.216.34:443"], &[&private], &["[::ffff:127.0.0.1]:443"]]);
    let connector = connector(Arc::clone(&names) as Arc<dyn Resolve>, false);
    assert_eq!(connector.addresses("rebind.test", 443).await.unwrap(), ["93.184.216.34:443".parse().unwrap()]);
    for asked in 2..=4 {
        assert_eq!(fault(&connector, "https://rebind.test/").await.kind, SendFaultKind::Forbidden);
        assert_eq!(names.asked.load(Ordering::SeqCst), asked);
    }
    assert!(tokio::time::timeout(Duration::from_millis(100), canary.accept()).await.is_err(), "the canary was dialled");
}

/// R69: literals and short spellings in the URL of a request, past the check of the configuration, end at the connector.
#[tokio::test]
async fn private_literals_are_never_dialled() {
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = canary.local_addr().unwrap().port();
    let connector = connector(Arc::new(crate::SystemResolver), false);
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "0"]
    {
        let fault = fault(&connector, &format!("https://{host}:{port}/")).await;
        assert!(matches!(fault.kind, SendFaultKind::Forbidden | SendFaultKind::Resolve), "{host}: {fault:?}");
    }
    assert!(tokio::time::timeout(Duration::from_millis(100), canary.accept()).await.is_err(), "the canary was dialled");
}

#[tokio::test]
async fn plain_http_needs_the_flag_and_metadata_is_refused_with_it() {
    let names = Scripted::new([&["93.184.216.34:80"]]);
    assert_eq!(fault(&connector(names, false), "http://plain.test/").await.kind, SendFaultKind::Forbidden);
    let names = Scripted::new([&["169.254.169.254:80", "[fd00:ec2::254]:80", "100.100.100.200:80"]]);
    let fault = fault(&connector(names, true), "http://metadata.test/").await;
    assert_eq!(fault.kind, SendFaultKind::Forbidden);
    assert!(fault.cause.contains("169.254.169.254"), "{fault}");
}

/// R6: one budget for name, TCP and TLS; the fault names the stage in which it ran out.
#[tokio::test]
async fn the_connect_timeout_names_its_stage() {
    let started = Instant::now();
    let silent = connector(Arc::new(Silent), true);
    assert_timeout(&fault(&silent, "http://silent.test/").await, "name resolution");

    // A listener whose backlog is full drops further handshakes.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        held.push(stream);
    }
    assert_timeout(&fault(&silent, &format!("http://{address}/")).await, "the TCP connection");

    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", mute.local_addr().unwrap());
    assert_timeout(&fault(&silent, &url).await, "the TLS handshake");
    assert!(started.elapsed() < Duration::from_secs(3));
}

fn assert_timeout(fault: &ConnectFault, stage: &str) {
    assert_eq!(fault.kind, SendFaultKind::ConnectTimeout, "{fault}");
    assert!(fault.cause.contains(stage) && fault.cause.contains("200ms"), "{fault}");
}

#[tokio::test]
async fn a_dead_address_does_not_hide_a_living_one() {
    let living = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let address = living.local_addr().unwrap().to_string();
    let names = Scripted::new([&[&dead, &address]]);
    assert!(connector(names, true).connect(&"http://two.test/".parse().unwrap()).await.is_ok());
    let names = Scripted::new([&[&dead]]);
    assert_eq!(fault(&connector(names, true), "http://dead.test/").await.kind, SendFaultKind::Connect);
    let names = Scripted::new([&[]]);
    assert_eq!(fault(&connector(names, true), "http://nothing.test/").await.kind, SendFaultKind::Resolve);
}

#[tokio::test]
async fn connections_send_small_writes_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let socket = connector(Arc::new(Silent), true).connect(&url.parse().unwrap()).await.unwrap();
    let Socket::Plain(stream) = &socket else { panic!("plain http") };
    assert!(stream.nodelay().unwrap());
    assert!(SockRef::from(stream).keepalive().unwrap());
}
