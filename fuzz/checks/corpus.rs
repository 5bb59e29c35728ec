//! Runs every file of a corpus through a check.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a check fails by a panic, and names the file before")]

use std::path::Path;

/// Calls `run` with each file of `fuzz/corpus/<target>`; an empty corpus is a failure, so that a moved folder is noticed.
pub(crate) fn each(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the corpus folder") {
        let path = entry.expect("a file of the corpus").path();
        println!("{}", path.display());
        run(&std::fs::read(&path).expect("a readable file"));
        count += 1;
    }
    assert!(count > 0, "no files in {}", folder.display());
}
