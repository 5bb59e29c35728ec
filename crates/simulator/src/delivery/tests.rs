use crate::tests::{Got, request, send, simulator};
use http_body_util::BodyExt;
use serde_json::json;
use std::time::{Duration, Instant};

async fn chat(faults: &str, stream: bool) -> Got {
    send(&simulator(), request("POST", "/simulated/v1/chat/completions", &[("x-simulate", faults)], &body(stream))).await
}

fn body(stream: bool) -> String {
    json!({ "model": "sim-chat", "stream": stream, "messages": [{ "role": "user", "content": "one two three" }] }).to_string()
}

/// Role, six pieces of "You said: one two three", finish, `[DONE]`.
const EVENTS: usize = 8;

#[tokio::test]
async fn every_event_is_a_frame() {
    let got = chat("", true).await;
    assert_eq!(got.frames.len(), EVENTS, "{}", got.text());
    assert!(got.frames.iter().all(|frame| frame.starts_with(b"data: ") && frame.ends_with(b"\n\n")));
}

#[tokio::test]
async fn a_cut_stream_breaks_after_so_many_events() {
    for cut in 0..=EVENTS {
        let got = chat(&format!("cut-after={cut}"), true).await;
        assert_eq!((got.frames.len(), got.broken), (cut, true));
    }
}

#[tokio::test]
async fn a_cut_whole_answer_breaks_after_so_many_bytes_and_announces_all_of_them() {
    let whole = chat("", false).await;
    let got = chat("cut-after=10", false).await;
    assert!(got.broken);
    assert_eq!(got.text(), &whole.text()[..10]);
    assert_eq!(got.headers["content-length"].to_str().unwrap(), whole.text().len().to_string());
}

#[tokio::test]
async fn a_malformed_event_is_broken_json_and_the_rest_goes_on() {
    let got = chat("malformed-at=2", true).await;
    let text = got.text();
    let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let broken: Vec<usize> = (0..data.len()).filter(|at| serde_json::from_str::<serde_json::Value>(data[*at]).is_err()).collect();
    assert_eq!(broken, [1, EVENTS - 1], "the second event, and [DONE], which never was JSON");
}

#[tokio::test]
async fn a_malformed_whole_answer_keeps_its_length() {
    let got = chat("malformed-at=1", false).await;
    assert_eq!(got.text().len(), chat("", false).await.text().len());
    assert!(serde_json::from_str::<serde_json::Value>(&got.text()).is_err());
}

#[tokio::test]
async fn no_finish_leaves_the_terminal_events_out_and_ends_in_order() {
    let got = chat("no-finish", true).await;
    assert_eq!((got.frames.len(), got.broken), (EVENTS - 2, false));
    assert!(!got.text().contains("[DONE]") && !got.text().contains("\"stop\""));
    assert!(chat("no-finish", false).await.json()["choices"][0]["finish_reason"].is_null());
}

#[tokio::test]
async fn an_error_event_ends_the_stream() {
    let got = chat("error-at=3", true).await;
    assert_eq!(got.data().len(), 3);
    assert_eq!(got.data()[2]["error"]["type"], "server_error");
    assert!(!got.text().contains("[DONE]"));
    assert_eq!(chat("error-at=3", false).await.status, 500);
}

#[tokio::test]
async fn a_stalled_answer_stays_open_and_dropping_it_is_counted() {
    let simulator = simulator();
    for (stream, first) in [(true, "data: "), (false, "{\"")] {
        let asked = request("POST", "/simulated/v1/chat/completions", &[("x-simulate", "stall-after=2")], &body(stream));
        let mut body = simulator.handle(asked).await.into_body();
        let mut text = String::new();
        while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_millis(60), body.frame()).await {
            text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
        assert!(text.starts_with(first), "{text}");
        assert_eq!(simulator.stats().active, 1);
        drop(body);
        assert_eq!(simulator.stats().active, 0);
    }
    assert_eq!((simulator.stats().answered, simulator.stats().cancelled), (2, 2));
}

#[tokio::test]
async fn a_trickle_comes_in_drops_and_is_whole() {
    for stream in [true, false] {
        let got = chat("trickle=3", stream).await;
        assert!(got.frames.iter().all(|frame| frame.len() <= 3));
        assert!(got.frames.len() > 100);
        assert_eq!(got.text().replace("chatcmpl", ""), chat("", stream).await.text().replace("chatcmpl", ""));
    }
}

#[tokio::test]
async fn delays_hold_back_the_head_the_first_event_and_the_others() {
    let simulator = simulator();
    for (faults, head, first) in [("delay=80ms", 80, 0), ("first-token-delay=80ms", 0, 80)] {
        let begun = Instant::now();
        let asked = request("POST", "/simulated/v1/chat/completions", &[("x-simulate", faults)], &body(true));
        let mut body = simulator.handle(asked).await.into_body();
        let head_took = begun.elapsed();
        body.frame().await.unwrap().unwrap();
        let first_took = begun.elapsed() - head_took;
        assert!(
            head_took >= Duration::from_millis(head) && first_took >= Duration::from_millis(first),
            "{faults}: {head_took:?} {first_took:?}"
        );
    }
    let begun = Instant::now();
    chat("event-delay=10ms", true).await;
    assert!(begun.elapsed() >= Duration::from_millis(10 * (EVENTS as u64 - 1)));
}

#[tokio::test]
async fn an_answer_has_the_size_that_is_asked_for() {
    let content = |got: &Got| -> Vec<String> {
        let chunks = got.data();
        chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(content(&chat("events=100", true).await).len(), 100);
    let sized = content(&chat("events=10;bytes=1000", true).await);
    assert_eq!((sized.len(), sized.concat().len()), (10, 1000));
    let large = chat("bytes=1000000", false).await.json();
    assert_eq!(large["choices"][0]["message"]["content"].as_str().unwrap().len(), 1_000_000);
    assert_eq!(large["usage"]["completion_tokens"], 250_000);
}

#[tokio::test]
async fn usage_can_be_forgotten() {
    assert!(chat("", false).await.json().get("usage").is_some());
    assert!(chat("usage=none", false).await.json().get("usage").is_none());
}
