use super::*;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};

type Client = SendRequest<Full<Bytes>>;

async fn connect(address: SocketAddr) -> Client {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    client
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://a{path}")).body(Full::default()).unwrap()
}

fn ask(body: &serde_json::Value) -> Request<Full<Bytes>> {
    let request = Request::post("http://a/v1/chat/completions").header("authorization", format!("Bearer {KEY}"));
    request.body(Full::new(Bytes::from(body.to_string()))).unwrap()
}

/// R3, R7: a window that stays closed cannot be seen at the socket. The stream is given up, and the connection serves others on.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_window_stays_closed_is_given_up_alone() {
    let drip = Drip::flood();
    let open = Arc::clone(&drip.open);
    let running = Setup::new(drip).settings(|settings| settings.write_pause = Duration::from_millis(400)).run();
    let mut client = connect(running.address).await;
    let unread = client.send_request(ask(&streamed())).await.unwrap();
    assert_eq!(unread.status(), 200);
    tokio::task::block_in_place(|| {
        eventually("the provider's answer is dropped", || open.load(Ordering::SeqCst) == 0);
        running.metric_becomes("conduit_in_flight_requests", "0");
    });
    assert_eq!(client.send_request(get("/health/live")).await.unwrap().status(), 200);
    // Whoever reads it after all is told that it is not whole.
    assert!(unread.into_body().collect().await.is_err());
    // A caller that holds on to one is held on to for as long again, and no longer.
    let _held = client.send_request(ask(&streamed())).await.unwrap();
    tokio::task::block_in_place(|| running.metric_becomes("conduit_connections", "0"));
}

/// R7: after the last request the connection has its limit too, and says goodbye.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed() {
    let running = Setup::new(Drip::silent()).settings(|settings| settings.idle_timeout = Duration::from_millis(300)).run();
    let mut client = connect(running.address).await;
    assert_eq!(client.send_request(get("/health/live")).await.unwrap().status(), 200);
    tokio::task::block_in_place(|| running.metric_becomes("conduit_connections", "0"));
    assert!(client.send_request(get("/health/live")).await.is_err());
}

/// R54: lists of headers have a bound, and targets too.
#[tokio::test(flavor = "multi_thread")]
async fn heads_without_measure_are_refused() {
    let running = Setup::new(Drip::silent()).run();
    let mut client = connect(running.address).await;
    let mut large = get("/health/live");
    for number in 0..100 {
        large.headers_mut().insert(http::HeaderName::try_from(format!("x-{number}")).unwrap(), "y".repeat(500).parse().unwrap());
    }
    assert_eq!(client.send_request(large).await.map_or(431, |answer| answer.status().as_u16()), 431);
    let mut client = connect(running.address).await;
    assert_eq!(client.send_request(get(&format!("/{}", "x".repeat(9_000)))).await.unwrap().status(), 400);
    let mut other = get("/health/live");
    other.headers_mut().insert("host", "b".parse().unwrap());
    assert_eq!(client.send_request(other).await.unwrap().status(), 400, "two hosts");
    assert_eq!(client.send_request(get("/health/live")).await.unwrap().status(), 200);
}

/// R50: streams of HTTP/2 end with an error too, and the connection in order.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_the_grace_streams_end_with_an_error() {
    let mut setup = Setup::new(Drip::endless());
    setup.grace = Duration::from_millis(200);
    let mut running = setup.run();
    let mut client = connect(running.address).await;
    let answer = client.send_request(ask(&streamed())).await.unwrap();
    running.stop();
    let body = answer.into_body().collect().await.expect("the stream ends in order").to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(
        text.trim_end().ends_with('}') && text.contains("\"code\":\"draining\""),
        "{}",
        text.chars().rev().take(300).collect::<String>()
    );
    let took = tokio::task::block_in_place(|| running.ended());
    assert!(took < Duration::from_secs(3), "{took:?}");
}
