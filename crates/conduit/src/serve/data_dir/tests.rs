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
