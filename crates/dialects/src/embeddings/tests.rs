use super::*;

#[test]
fn a_request_needs_a_model_and_an_input() {
    for good in [
        r#"{"model":"m","input":"x"}"#,
        r#"{"model":"m","input":""}"#,
        r#"{"model":"m","input":["x","y"]}"#,
        r#"{"model":"m","input":[1,2]}"#,
        r#"{"model":"m","input":[[1],[2]],"encoding_format":"base64"}"#,
    ] {
        assert_eq!(check_request(good.as_bytes()), Ok(()), "{good}");
    }
    for (bad, param) in [
        (r#"{"input":"x"}"#, "model"),
        (r#"{"model":1,"input":"x"}"#, "model"),
        (r#"{"model":"m"}"#, "input"),
        (r#"{"model":"m","input":[ ]}"#, "input"),
        (r#"{"model":"m","input":null}"#, "input"),
        (r#"{"model":"m","input":{}}"#, "input"),
    ] {
        assert_eq!(check_request(bad.as_bytes()).unwrap_err().param.as_deref(), Some(param), "{bad}");
    }
    assert_eq!(check_request(b"[]").unwrap_err().kind, chat::FaultKind::InvalidRequest);
}

#[test]
fn usage_is_found_beside_large_vectors() {
    let body =
        br#"{"object":"list","data":[{"embedding":[0.1,0.2],"usage":{"prompt_tokens":99}}],"usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let usage = read_usage(body).unwrap();
    assert_eq!((usage.input, usage.output, usage.total), (Some(8), None, Some(8)));
    assert_eq!(read_usage(b"{}"), None);
    assert_eq!(read_usage(b"<html>"), None);
}
