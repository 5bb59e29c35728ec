use super::*;

#[test]
fn durations_and_sizes_have_units() {
    for (text, expected) in [("0s", 0), ("500ms", 500), ("5s", 5_000), ("5 s", 5_000), ("2m", 120_000), ("1h", 3_600_000)] {
        assert_eq!(period(text), Ok(Duration::from_millis(expected)), "{text}");
    }
    for (text, expected) in
        [("0B", 0), ("1KiB", 1024), ("32MiB", 32 << 20), ("1GiB", 1 << 30), ("5 MB", 5_000_000), ("7KB", 7_000), ("1GB", 1_000_000_000)]
    {
        assert_eq!(size(text), Ok(expected), "{text}");
    }
}

#[test]
fn everything_else_is_an_error_that_shows_the_form() {
    for text in ["", "5", "s", "-5s", "1.5s", "5sec", "5S", "+5s", "5s ", "99999999999999999999s", "18446744073709551615h", "٥s"] {
        assert!(period(text).unwrap_err().contains("like `5s`"), "{text}");
    }
    for text in ["", "32", "MiB", "32mib", "32M", "-1B", "1.5MiB", "18446744073709551615GiB"] {
        assert!(size(text).unwrap_err().contains("like `32MiB`"), "{text}");
    }
}

/// R64: a secret in the model does not show itself.
#[test]
fn debug_hides_secrets() {
    let secret = Secret(SecretString::from("canary-value"));
    let credentials = Credentials(vec![NamedCredential {
        name: "default".to_owned(),
        weight: 1,
        fields: vec![("api_key".to_owned(), SecretString::from("canary-value"))],
    }]);
    assert!(!format!("{secret:?}{credentials:?}").contains("canary-value"));
}
