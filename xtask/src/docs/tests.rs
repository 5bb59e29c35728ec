//! A document that differs from what the code says is found.

use super::*;

#[test]
fn a_stale_or_missing_document_is_named() {
    let root = std::env::temp_dir().join(format!("conduit-xtask-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    let one = [Document { path: "a.md", render: |_| Ok("right\n".to_owned()) }];
    assert!(check_all(&root, &one).unwrap_err().contains("a.md"), "missing");
    write_all(&root, &one).unwrap();
    assert!(check_all(&root, &one).is_ok());
    std::fs::write(root.join("a.md"), "wrong\n").unwrap();
    assert!(check_all(&root, &one).unwrap_err().contains("a.md"), "stale");
    let failing = [Document { path: "a.md", render: |_| Err("cannot".to_owned()) }];
    assert_eq!(check_all(&root, &failing).unwrap_err(), "cannot");
    std::fs::remove_dir_all(&root).unwrap();
}
