use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn directory_and_secret_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    assert!(is_empty(&path).unwrap());
    create(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
    assert!(is_empty(&path).unwrap());
    let file = path.join("root-secret");
    assert!(read_secret(&file).unwrap().is_none());
    write_secret(&file, &SecretString::from("canary")).unwrap();
    assert_eq!(mode(&file), 0o600);
    assert!(!is_empty(&path).unwrap());
    assert_eq!(read_secret(&file).unwrap().unwrap().expose_secret(), "canary");
    assert!(write_secret(&file, &SecretString::from("other")).is_err(), "an existing secret is never overwritten");
}

/// R60: a secret that others can read protects nothing.
#[test]
fn a_secret_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root-secret");
    std::fs::write(&file, "canary").unwrap();
    for open in [0o640, 0o604, 0o644, 0o660] {
        std::fs::set_permissions(&file, Permissions::from_mode(open)).unwrap();
        let said = read_secret(&file).unwrap_err();
        assert!(said.message().contains("chmod 600") && !said.message().contains("canary"), "{}", said.message());
    }
    assert!(read_secret(folder.path()).unwrap_err().message().contains("regular file"));
}

/// What a first start has made goes, and nothing else.
#[test]
fn a_first_start_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in ["root-secret", "conduit.db", "conduit.db-wal", "conduit.db-shm"] {
        std::fs::write(path.join(name), "x").unwrap();
    }
    std::fs::create_dir(path.join("journal")).unwrap();
    std::fs::write(path.join("journal/lock"), "").unwrap();
    empty(path).unwrap();
    assert!(is_empty(path).unwrap());
    empty(path).unwrap();

    std::fs::write(path.join("mine"), "x").unwrap();
    empty(path).unwrap();
    assert!(!is_empty(path).unwrap());
    // What cannot be removed is told, and the root secret stays: the next start is refused with the way out.
    std::fs::create_dir(path.join("conduit.db")).unwrap();
    std::fs::write(path.join("root-secret"), "x").unwrap();
    assert!(empty(path).unwrap_err().message().contains("conduit.db cannot be removed"));
    assert!(path.join("root-secret").exists());
}
