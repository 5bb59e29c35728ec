use crate::config::{CommandLine, Config, Environment, load};
use secrecy::ExposeSecret;
use std::time::Duration;

const MASTER: &str = "9f3c1be07ad24568b1f3c9e2d7405a6b";

fn with(variables: &[(&str, &str)]) -> Result<Config, String> {
    let environment = Environment { variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect() };
    load(&CommandLine::default(), &environment).map_err(|problems| problems.to_string())
}

fn refused(variables: &[(&str, &str)]) -> String {
    with(variables).err().expect("is refused")
}

#[test]
fn paths_override_scalars() {
    let config = with(&[
        ("CONDUIT_SERVER__LISTEN", "127.0.0.1:9999"),
        ("CONDUIT_SERVER__MAX_BODY", "1MiB"),
        ("CONDUIT_SERVER__SHUTDOWN_GRACE", "3s"),
        ("CONDUIT_ADMIN__MASTER_KEY", MASTER),
        ("CONDUIT_ROUTING__STRATEGY", "priority"),
    ])
    .unwrap_or_else(|message| panic!("{message}"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:9999");
    assert_eq!(config.server.max_body, 1 << 20);
    assert_eq!(config.server.shutdown_grace, Duration::from_secs(3));
    assert_eq!(config.master_key.unwrap().expose_secret(), MASTER);
}

#[test]
fn short_forms_are_read() {
    let config = with(&[
        ("CONDUIT_MASTER_KEY", MASTER),
        ("CONDUIT_ROOT_SECRET", "root"),
        ("CONDUIT_DATA_DIR", "/var/lib/conduit"),
        ("DATABASE_URL", "postgres://u:p@h/d"),
        ("PORT", "7777"),
        ("CONDUIT_URL", "http://127.0.0.1:8080"),
        ("CONDUIT_SHARED", "/anything"),
        ("UNRELATED", "x"),
    ])
    .unwrap_or_else(|message| panic!("{message}"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:7777");
    assert_eq!(config.data_dir.to_str(), Some("/var/lib/conduit"));
    assert_eq!(config.database_url.unwrap().expose_secret(), "postgres://u:p@h/d");
    assert_eq!(config.root_secret.unwrap().expose_secret(), "root");
}

#[test]
fn values_may_stand_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master");
    std::fs::write(&path, format!("{MASTER}\n")).unwrap();
    let path = path.to_str().unwrap();
    for name in ["CONDUIT_MASTER_KEY_FILE", "CONDUIT_ADMIN__MASTER_KEY_FILE"] {
        let config = with(&[(name, path)]).unwrap_or_else(|message| panic!("{message}"));
        assert_eq!(config.master_key.unwrap().expose_secret(), MASTER, "{name}");
    }
    let both = refused(&[("CONDUIT_MASTER_KEY_FILE", path), ("CONDUIT_MASTER_KEY", MASTER)]);
    assert_eq!(both, "CONDUIT_MASTER_KEY_FILE: CONDUIT_MASTER_KEY is set too: use one of them");
    let both = refused(&[("CONDUIT_SERVER__LISTEN_FILE", path), ("CONDUIT_SERVER__LISTEN", "127.0.0.1:1")]);
    assert_eq!(both, "CONDUIT_SERVER__LISTEN_FILE: CONDUIT_SERVER__LISTEN is set too: use one of them");
    assert!(
        refused(&[("CONDUIT_MASTER_KEY_FILE", "/nowhere/at/all")])
            .starts_with("CONDUIT_MASTER_KEY_FILE: the file /nowhere/at/all cannot be read")
    );
}

#[test]
fn unknown_names_are_errors_with_a_suggestion() {
    for (name, expected) in [
        ("CONDUIT_MASTERKEY", "is not a setting of Conduit: did you mean `CONDUIT_MASTER_KEY`?"),
        ("CONDUIT_SERVER__LISTNE", "is not a setting of Conduit: did you mean `CONDUIT_SERVER__LISTEN`?"),
        ("CONDUIT_FROBNICATE", "is not a setting of Conduit"),
        ("CONDUIT_", "is not a setting of Conduit"),
        ("CONDUIT_PROVIDERS__0__NAME", "is not a setting of Conduit"),
        ("CONDUIT_URL_FILE", "is not a setting of Conduit: did you mean `CONDUIT_URL`?"),
    ] {
        let said = refused(&[(name, "canary")]);
        assert!(said.starts_with(&format!("{name}: {expected}")), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn wrong_values_name_the_variable() {
    for (name, value, expected) in [
        ("CONDUIT_SERVER__LISTEN", "nowhere", "CONDUIT_SERVER__LISTEN: server.listen: `nowhere` is no address"),
        ("CONDUIT_SERVER__MAX_BODY", "32", "CONDUIT_SERVER__MAX_BODY: server.max_body: `32` is no size"),
        ("CONDUIT_SERVER__MAX_BODY", "2GiB", "CONDUIT_SERVER__MAX_BODY: server.max_body: 2GiB is out of range: 1KiB to 1GiB"),
        ("CONDUIT_SERVER__LISTEN", "", "CONDUIT_SERVER__LISTEN: is set but empty"),
        (
            "CONDUIT_ROUTING__STRATEGY",
            "random",
            "CONDUIT_ROUTING__STRATEGY: routing.strategy: `random` is not built yet: only `priority` is",
        ),
        ("CONDUIT_REDIS__URL", "redis://h", "CONDUIT_REDIS__URL: redis is not built yet: remove it"),
        ("CONDUIT_SERVER__TLS__CERT", "x", "CONDUIT_SERVER__TLS__CERT: server.tls is not built yet: remove it"),
        ("REDIS_URL", "redis://h", "REDIS_URL: redis is not built yet"),
        ("PORT", "http", "PORT: `http` is no port number"),
        ("PORT", "70000", "PORT: `70000` is no port number"),
        ("DATABASE_URL", "mysql://canary@h/d", "DATABASE_URL: write `sqlite:"),
        ("CONDUIT_MASTER_KEY", "short", "CONDUIT_MASTER_KEY: the master key has 5 characters and needs at least 20"),
        ("CONDUIT_ROOT_SECRET", "", "CONDUIT_ROOT_SECRET: is set but empty"),
    ] {
        let said = refused(&[(name, value)]);
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn a_value_that_is_not_text_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let bad = std::ffi::OsString::from_vec(vec![0xff, 0xfe]);
    let environment = Environment { variables: [("CONDUIT_MASTER_KEY".to_owned(), bad)].into() };
    let said = load(&CommandLine::default(), &environment).map_err(|problems| problems.to_string()).err();
    assert_eq!(said.as_deref(), Some("CONDUIT_MASTER_KEY: is not valid UTF-8"));
}
