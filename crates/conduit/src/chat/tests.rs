use super::answer::{Answer, Progress, error_message};

fn text(text: &str) -> Progress {
    Progress::Text(text.to_owned())
}

#[test]
fn text_is_told_as_it_comes_however_it_is_cut() {
    let stream = ": hello\n\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Grüß \"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"dich\"}}]}\n\ndata: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n";
    for cut in 0..stream.len() {
        let mut answer = Answer::default();
        let mut said = String::new();
        for piece in [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]] {
            let Progress::Text(text) = answer.take(piece) else { panic!("failed at {cut}") };
            said += &text;
        }
        assert_eq!(said, "Grüß dich", "cut at {cut}");
        assert!(answer.is_complete() && answer.has_begun());
    }
}

#[test]
fn a_stream_without_its_end_is_not_complete() {
    let mut answer = Answer::default();
    assert_eq!(answer.take(b"data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n\n"), text("Half"));
    assert!(!answer.is_complete());
}

#[test]
fn errors_in_the_stream_are_told_after_the_text() {
    let mut answer = Answer::default();
    let told = answer.take(
        b"data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n\ndata: {\"error\":{\"message\":\"it broke\",\"type\":\"x\"}}\n\n",
    );
    assert_eq!(told, Progress::Failed { text: "Half".into(), message: "it broke".into() });
    assert!(matches!(Answer::default().take(b"data: nonsense\n\n"), Progress::Failed { .. }));
}

#[test]
fn refusals_are_read() {
    assert_eq!(error_message(br#"{"error":{"message":"no","type":"x","param":null,"code":null}}"#).as_deref(), Some("no"));
    assert_eq!(error_message(b"<html>"), None);
}
