use super::*;
use http::HeaderValue;
use http_body_util::StreamBody;

fn body(pieces: &[&'static str]) -> UpstreamBody {
    let frames: Vec<_> = pieces.iter().map(|piece| Ok::<_, BodyError>(Frame::data(Bytes::from_static(piece.as_bytes())))).collect();
    UpstreamBody::new(StreamBody::new(futures_util::stream::iter(frames)))
}

/// `providers/custom.md` §3: the content type may be missing; there may be a byte order mark, white space and line ends before the answer.
#[tokio::test]
async fn the_bytes_tell_a_stream_from_a_whole_answer() {
    for (pieces, form, rest) in [
        (&["{\"a\":1}"][..], Form::Whole, "{\"a\":1}"),
        (&["\n", "  ", "\r\n {", "}"], Form::Whole, "{}"),
        (&["\u{feff}{", "}"], Form::Whole, "{}"),
        (&["\n\n", "data: {}\n\n"], Form::Stream, "data: {}\n\n"),
        (&[": ping\n\n"], Form::Stream, ": ping\n\n"),
        (&["event: error\n"], Form::Stream, "event: error\n"),
    ] {
        let (judged, whole) = judge(body(pieces)).await.unwrap();
        let whole = whole.collect().await.unwrap().to_bytes();
        assert_eq!((judged, whole.as_ref()), (form, rest.as_bytes()), "{pieces:?}");
    }
    for empty in [&[][..], &["", " \n"]] {
        assert!(judge(body(empty)).await.is_err());
    }
}

#[test]
fn a_whole_body_is_a_stream_by_its_type_or_its_bytes() {
    let typed = |kind: &'static str| HeaderMap::from_iter((!kind.is_empty()).then(|| (CONTENT_TYPE, HeaderValue::from_static(kind))));
    for (kind, body, expected) in [
        ("text/event-stream", "anything", true),
        ("text/plain; charset=utf-8", "data: {}\n\n", true),
        ("", "\n: hi\n\n", true),
        ("", "event: x\n", true),
        ("", "{\"data\":1}", false),
        ("text/plain", "{}", false),
        ("application/json", "data: {}", false),
    ] {
        assert_eq!(is_stream(&typed(kind), body.as_bytes()), expected, "{kind} {body}");
    }
}

#[test]
fn a_completion_becomes_one_event() {
    let event = as_one_event(b"{\n \"text\": \"a\\n\"\r\n}");
    assert_eq!(event, "data: {  \"text\": \"a\\n\"  }\n\ndata: [DONE]\n\n");
}
