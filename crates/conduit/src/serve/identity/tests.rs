use super::*;
use crate::config::{CommandLine, Environment, load};

const ROOT: &str = "q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e";

fn config(folder: &std::path::Path, listen: Option<&str>, variables: &[(&str, &str)]) -> Config {
    let environment = variables.iter().fold(Environment::default(), |environment, (name, value)| environment.with(name, value));
    let command_line = CommandLine { config: None, listen: listen.map(str::to_owned), data_dir: Some(folder.join("data")) };
    load(&command_line, &environment).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn a_first_start_makes_the_root_secret_and_a_second_one_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), None, &[]);
    let first = root(&config).unwrap();
    assert_eq!(first.start, Start::First);
    let second = root(&config).unwrap();
    assert_eq!(second.start, Start::Known);
    assert_eq!(first.secret.to_text().expose_secret(), second.secret.to_text().expose_secret());
}

/// R60: in any other case nothing is made, and the message says how to make it.
#[test]
fn starts_without_secrets_are_refused() {
    for (listen, variables) in [
        (Some("0.0.0.0:8080"), &[][..]),
        (Some("[::]:8080"), &[]),
        (Some("192.0.2.1:8080"), &[]),
        (None, &[("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b")]),
        (None, &[("DATABASE_URL", "postgres://u:canary@h/d")]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let said = root(&config(folder.path(), listen, variables)).unwrap_err();
        assert!(said.message().contains("openssl rand") && said.message().contains("CONDUIT_ROOT_SECRET"), "{}", said.message());
        assert_eq!(said.message().contains("no master key"), variables.first().is_none_or(|(name, _)| *name != "CONDUIT_MASTER_KEY"));
        assert!(!said.message().contains("canary"));
        assert!(!folder.path().join("data").exists(), "nothing is created");
    }
}

/// R60: a data directory that is not empty is not a first start.
#[test]
fn a_data_directory_in_use_without_its_secret_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/conduit.db"), "").unwrap();
    assert!(root(&config(folder.path(), None, &[])).unwrap_err().message().contains("no root secret"));
}

/// R60: short and well-known root secrets are refused, and never shown.
#[test]
fn weak_root_secrets_are_refused() {
    for weak in [
        "short",
        "changeme-changeme-changeme-changeme",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0123456789012345678901234567890123456789",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let said = root(&config(folder.path(), None, &[("CONDUIT_ROOT_SECRET", weak)])).unwrap_err();
        assert!(said.message().starts_with("CONDUIT_ROOT_SECRET: ") && said.message().contains("openssl rand"), "{}", said.message());
        assert!(!said.message().contains(weak), "{}", said.message());
    }
}

#[test]
fn variable_and_file_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let known = root(&config(folder.path(), None, &[("CONDUIT_ROOT_SECRET", ROOT)])).unwrap();
    assert_eq!(known.start, Start::Known);
    data_dir::write_secret(&folder.path().join("data/root-secret"), &SecretString::from(ROOT)).unwrap();
    assert!(root(&config(folder.path(), None, &[("CONDUIT_ROOT_SECRET", ROOT)])).is_ok());
    let other = root(&config(folder.path(), None, &[("CONDUIT_ROOT_SECRET", "another-T5mYk2NwB7cJ4hD9sF6gA1e-Zx0Lr")])).unwrap_err();
    assert!(other.message().contains("are different"), "{}", other.message());
}

#[test]
fn hashes_survive_their_spelling() {
    let hash: KeyHash = std::array::from_fn(|at| u8::try_from(at * 7 % 256).unwrap());
    assert_eq!(from_hex(&to_hex(&hash)), Some(hash));
    for damaged in ["", "00", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66)] {
        assert_eq!(from_hex(damaged), None, "{damaged}");
    }
    let key = make_master_key().unwrap();
    assert_eq!(strength::master_key(key.expose_secret()), Ok(()));
}
