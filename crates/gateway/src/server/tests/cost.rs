//! What a request of the plain path costs: the same dialect, nothing to change. Counted by hand, not by the clock:
//! `perf stat -e instructions:u` around `cost_of -- --ignored`.

use super::*;
use crate::guests::Guests;
use crate::ports::{Intent, Ledger, Outcome, Ticket};
use crate::socket::Socket;
use http_body_util::{BodyExt, Full, StreamBody};

/// How many requests are measured.
fn requests() -> usize {
    std::env::var("COST_REQUESTS").ok().and_then(|count| count.parse().ok()).unwrap_or(1)
}

struct Ready;

impl Upstream for Ready {
    fn send<'a>(
        &'a self,
        request: Request<Bytes>,
        _: &'a crate::egress::Egress,
    ) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
        let streams = request.body().windows(13).any(|window| window == b"\"stream\":true");
        Box::pin(async move {
            let (kind, pieces) = if streams {
                let chunk = |delta: &str, finish: &str| {
                    format!(
                        "data: {{\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"up-1\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
                    )
                };
                let mut pieces = vec![chunk(r#"{"role":"assistant","content":""}"#, "null")];
                pieces.extend((0..8).map(|_| chunk(r#"{"content":"word "}"#, "null")));
                pieces.push(chunk("{}", "\"stop\""));
                pieces.push("data: [DONE]\n\n".to_owned());
                ("text/event-stream", pieces)
            } else {
                let answer = r#"{"id":"x","object":"chat.completion","created":1,"model":"up-1","choices":[{"index":0,"message":{"role":"assistant","content":"hello there"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#;
                ("application/json", vec![answer.to_owned()])
            };
            let frames = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece))));
            let mut response = Response::new(UpstreamBody::new(StreamBody::new(futures_util::stream::iter(frames))));
            response.headers_mut().insert("content-type", kind.parse().unwrap());
            Ok(response)
        })
    }
}

struct Blank;

impl Ledger for Blank {
    fn intend(&self, intent: &Intent) -> Result<Ticket, chat::Fault> {
        Ok(Ticket { attempt_id: intent.attempt_id, segment: 0 })
    }
    fn settle(&self, _: Ticket, _: Outcome) {}
    fn record(&self, _: Intent, _: Outcome) {}
}

async fn cost_of(body: serde_json::Value) {
    let gateway = House::new().mapped(mapping("m", &provider("one", "openai"), "m", 1)).open_to(Arc::new(Ready), Arc::new(Blank));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _other = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = listener.accept().await.unwrap();
    let socket = Socket::new(stream);
    let guests = Guests::new(Arc::clone(&gateway));
    let sweep = tokio::spawn(guests.clone().sweep());
    let guest = guests.enter(socket.watch(), socket.pulse(), peer.ip());
    let body = Bytes::from(body.to_string());
    for _ in 0..requests() {
        let request = Request::post("/v1/chat/completions").header("authorization", format!("Bearer {KEY}"));
        let request = request.body(Full::new(body.clone())).unwrap();
        let stay = guests.stay(&guest, false);
        let response = Arc::clone(&gateway).handle(request, Arc::clone(&stay.visit)).await;
        assert_eq!(response.status(), 200);
        let answer = stay.with(response.into_body()).collect().await.unwrap().to_bytes();
        assert!(!answer.is_empty());
    }
    sweep.abort();
}

#[tokio::test]
#[ignore = "a measurement"]
async fn cost_of_a_whole_answer() {
    cost_of(unary()).await;
}

#[tokio::test]
#[ignore = "a measurement"]
async fn cost_of_a_stream() {
    cost_of(json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}, "messages": [{"role": "user", "content": "hello"}]})).await;
}
