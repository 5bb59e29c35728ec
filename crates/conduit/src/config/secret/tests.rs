use super::*;
use secrecy::ExposeSecret;

fn resolved(text: &str, environment: &Environment) -> Result<String, String> {
    resolve(text, environment).map(|secret| secret.expose_secret().to_owned())
}

#[test]
fn every_form_of_reference_reads_its_variable() {
    let environment = Environment::from([("OPENAI_API_KEY", "sk-canary")]);
    for text in ["env:OPENAI_API_KEY", "${OPENAI_API_KEY}", "os.environ/OPENAI_API_KEY"] {
        assert_eq!(resolved(text, &environment).as_deref(), Ok("sk-canary"), "{text}");
    }
    assert_eq!(resolved("sk-literal", &environment).as_deref(), Ok("sk-literal"));
}

#[test]
fn a_missing_or_empty_variable_is_an_error_and_never_an_empty_key() {
    let environment = Environment::from([("EMPTY", ""), ("BLANK", " \t")]);
    assert_eq!(resolved("env:NOWHERE", &environment), Err("the environment variable NOWHERE is not set".to_owned()));
    assert_eq!(resolved("${EMPTY}", &environment), Err("the environment variable EMPTY is empty".to_owned()));
    assert_eq!(resolved("env:BLANK", &environment), Err("the environment variable BLANK is empty".to_owned()));
    assert_eq!(resolved("", &environment), Err("is empty".to_owned()));
    assert_eq!(resolved("  ", &environment), Err("is empty".to_owned()));
}

#[test]
fn half_references_are_errors() {
    let environment = Environment::from([("A", "x")]);
    for text in ["env:", "env:A B", "env:9", "${A", "${}", "prefix-${A}", "${A}-suffix", "os.environ/", "file:", "file:relative/key"] {
        let message = resolved(text, &environment).unwrap_err();
        assert!(message.contains("reference"), "{text}: {message}");
    }
}

#[test]
fn files_are_read_whole_without_their_last_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for content in ["sk-canary", "sk-canary\n", "sk-canary\r\n"] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(resolved(&format!("file:{}", path.display()), &Environment::default()).as_deref(), Ok("sk-canary"));
    }
    std::fs::write(&path, "two\nlines\n").unwrap();
    assert_eq!(from_file(&path).as_deref(), Ok("two\nlines"));
}

#[test]
fn files_that_hold_no_secret_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    assert!(from_file(&path).unwrap_err().contains("cannot be read"));
    assert!(from_file(folder.path()).unwrap_err().contains("not a regular file"));
    for (content, expected) in [(&b"\n"[..], "is empty"), (b"", "is empty"), (b"\xff\xfe", "UTF-8"), (&[b'x'; (1 << 20) + 1], "larger")] {
        std::fs::write(&path, content).unwrap();
        let message = from_file(&path).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}
