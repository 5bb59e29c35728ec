//! Through `handle`, without sockets; one test over a socket.

use crate::{Options, Simulator};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

/// What came back: the frames one by one, and whether the body broke.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) frames: Vec<Bytes>,
    pub(crate) broken: bool,
}

impl Got {
    pub(crate) fn text(&self) -> String {
        self.frames.iter().map(|frame| std::str::from_utf8(frame).unwrap()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// The `data:` lines but for `[DONE]`, parsed.
    pub(crate) fn data(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        lines.map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

pub(crate) async fn send(simulator: &Simulator, request: Request<Bytes>) -> Got {
    let (parts, mut body) = simulator.handle(request).await.into_parts();
    let mut got = Got { status: parts.status, headers: parts.headers, frames: Vec::new(), broken: false };
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => got.frames.push(frame.into_data().unwrap()),
            Err(_) => got.broken = true,
        }
    }
    got
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let mut builder = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::from(body.to_owned())).unwrap()
}

pub(crate) fn simulator() -> Simulator {
    Simulator::new(Options::default())
}

const KEY: (&str, &str) = ("authorization", "Bearer sim-test");

fn hello(model: &str) -> String {
    json!({ "model": model, "messages": [{ "role": "user", "content": "hello" }] }).to_string()
}

/// R13: the socket carries the stream event by event, and the shutdown ends the server.
#[tokio::test]
async fn it_serves_over_a_socket() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(crate::serve(listener, simulator(), async move { drop(stopped.await) }));

    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let body = json!({ "model": "gpt-4o", "stream": true, "messages": [{ "role": "user", "content": "hello" }] }).to_string();
    let asked = request("POST", "/openai/v1/chat/completions", &[KEY, ("host", "simulated")], &body).map(Full::new);
    let answer = sender.send_request(asked).await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");

    let cut = request("POST", "/openai/v1/chat/completions", &[KEY, ("host", "simulated")], &hello("gpt-4o;cut-after=5")).map(Full::new);
    let answer = sender.send_request(cut).await.unwrap();
    assert!(answer.into_body().collect().await.is_err(), "a cut answer must break the connection");
    stop.send(()).unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(5), server).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_same_request_gets_the_same_bytes() {
    let ask = |seed| async move {
        let simulator = Simulator::new(Options { seed });
        let got = send(&simulator, request("POST", "/openai/chat/completions", &[KEY], &hello("gpt-4o"))).await;
        (got.text(), got.headers["x-request-id"].clone())
    };
    assert_eq!(ask(1).await, ask(1).await);
    assert_ne!(ask(1).await, ask(2).await);
}

#[tokio::test]
async fn health_stats_and_unknown_paths() {
    let simulator = simulator();
    assert_eq!(send(&simulator, request("GET", "/_health", &[], "")).await.json(), json!({ "status": "ok" }));
    for path in ["/", "/cohere/v2/chat", "/_nothing", "/_faults/cohere"] {
        assert_eq!(send(&simulator, request("GET", path, &[], "")).await.status, 404, "{path}");
    }
    let stats = send(&simulator, request("GET", "/_stats", &[], "")).await.json();
    assert_eq!(stats["answered"], 5);
    assert_eq!(simulator.stats().cancelled, 0);
}

#[tokio::test]
async fn run_time_faults_hold_for_one_type_until_they_are_deleted() {
    let simulator = simulator();
    let path = "/_faults/openai";
    let put = |body: &'static str| send(&simulator, request("PUT", path, &[], body));
    assert_eq!(put(r#"{"status": 429, "retry-after": 2}"#).await.json(), json!({ "type": "openai", "faults": "status=429;retry-after=2" }));

    let got = send(&simulator, request("POST", "/openai/v1/chat/completions", &[KEY], &hello("gpt-4o"))).await;
    assert_eq!((got.status.as_u16(), got.headers["retry-after"].to_str().unwrap()), (429, "2"));
    let other = send(&simulator, request("POST", "/simulated/v1/chat/completions", &[], &hello("sim-chat"))).await;
    assert_eq!(other.status, 200);

    assert_eq!(send(&simulator, request("DELETE", path, &[], "")).await.json()["faults"], "");
    assert_eq!(send(&simulator, request("POST", "/openai/v1/chat/completions", &[KEY], &hello("gpt-4o"))).await.status, 200);

    assert_eq!(put(r#"{"faults": "no-finish;delay=1ms"}"#).await.json()["faults"], "no-finish;delay=1ms");
    for (body, named) in [(r#"{"statsu": 429}"#, "statsu"), ("[1]", "JSON object"), (r#"{"delay": []}"#, "delay"), ("", "JSON object")] {
        let got = put(body).await;
        assert_eq!(got.status, 400, "{body}");
        assert!(got.json()["error"]["message"].as_str().unwrap().contains(named), "{body}: {}", got.text());
    }
    assert_eq!(send(&simulator, request("POST", path, &[], "{}")).await.status, 405);
    assert!(simulator.set_faults("nowhere", "").unwrap_err().contains("nowhere"));
}

#[tokio::test]
async fn an_unknown_fault_word_is_refused_in_the_providers_own_form() {
    let simulator = simulator();
    let body = json!({ "model": "m;speed=3", "max_tokens": 5, "messages": [{ "role": "user", "content": "hello" }] }).to_string();
    for path in
        ["/openai/v1/chat/completions", "/groq/openai/v1/chat/completions", "/simulated/v1/chat/completions", "/anthropic/v1/messages"]
    {
        let got = send(&simulator, request("POST", path, &[KEY, ("anthropic-version", "2023-06-01")], &body)).await;
        assert_eq!(got.status, 400, "{path}");
        assert!(got.json()["error"]["message"].as_str().unwrap().contains("'speed=3'"), "{path}: {}", got.text());
        let got = send(&simulator, request("POST", path, &[KEY, ("x-simulate", "speed")], &body)).await;
        assert_eq!(got.status, 400);
        assert!(got.json()["error"]["message"].as_str().unwrap().contains("'speed'"), "{path}: {}", got.text());
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_413() {
    let (parts, _) = simulator().refuse_body().await.into_parts();
    assert_eq!(parts.status, 413);
}
