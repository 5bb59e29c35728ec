//! Each rule finds what it is for, and leaves its neighbours alone.

use super::*;

fn found(rule: Rule, path: &str, text: &str) -> usize {
    rule(&[Source::new(path, text)]).len()
}

fn manifest(name: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"{name}\"\nlicense.workspace = true\n[dependencies]\n{dependencies}")
}

#[test]
fn crates_know_only_what_the_table_says() {
    let edges = |name: &str, dependencies: &str| found(direction::edges, "crates/x/Cargo.toml", &manifest(name, dependencies));
    assert_eq!(edges("chat", "wire.workspace = true\nserde.workspace = true"), 0);
    assert_eq!(edges("wire", "chat.workspace = true"), 1);
    assert_eq!(edges("policy", "wire = { path = \"../wire\" }\nchat.workspace = true"), 1);
    assert_eq!(edges("simulator", "dialects.workspace = true"), 1);
    assert_eq!(edges("gateway", "store.workspace = true\nupstream.workspace = true"), 2);
    assert_eq!(edges("newcomer", ""), 1);
    assert_eq!(edges("chat", "[dev-dependencies]\ntestkit.workspace = true"), 0);
    assert_eq!(edges("chat", "[dev-dependencies]\ngateway.workspace = true"), 1);
    assert_eq!(found(direction::edges, "crates/x/Cargo.toml", "[package"), 1);
}

#[test]
fn pure_crates_stay_pure_and_the_database_in_its_crate() {
    let purity = |name: &str, dependencies: &str| found(direction::purity, "crates/x/Cargo.toml", &manifest(name, dependencies));
    assert_eq!(purity("dialects", "tokio.workspace = true"), 1);
    assert_eq!(purity("dialects", "[dev-dependencies]\ntokio.workspace = true"), 0);
    assert_eq!(purity("upstream", "tokio.workspace = true"), 0);
    assert_eq!(purity("gateway", "sea-orm.workspace = true"), 1);
    assert_eq!(purity("store", "sea-orm.workspace = true"), 0);
}

#[test]
fn long_files_and_functions_are_found() {
    let lines = |count: usize| "let a = 1;\n".repeat(count);
    let file = |path: &str, count: usize| found(size::files, path, &lines(count));
    assert_eq!((file("crates/a/src/b.rs", 400), file("crates/a/src/b.rs", 401)), (0, 1));
    assert_eq!((file("crates/a/src/b/tests.rs", 900), file("tests/src/c.rs", 900), file("README.md", 900)), (0, 0, 0));
    assert_eq!(found(size::files, "crates/a/src/b.rs", &format!("//! Doc.\n\n// tidy: table (one row a model)\n{}", lines(900))), 0);

    let function = |head: &str, body: usize, tail: &str| {
        found(size::functions, "crates/a/src/b.rs", &format!("{head}\n{}{tail}\nfn next() {{\n}}\n", lines(body)))
    };
    assert_eq!(function("pub(crate) async fn f() {", 58, "}"), 0);
    assert_eq!(function("pub(crate) async fn f() {", 59, "}"), 1);
    assert_eq!(function("    const fn f(\n        a: u8,\n    ) -> u8 {", 70, "    }"), 1);
    assert_eq!(function("trait A {\n    fn f(&self);", 70, "}"), 0);
    assert_eq!(function("fn one_line() { g() }", 70, "}"), 0);
    assert_eq!(function("/// a fn that is a comment {", 70, "}"), 0);
}

#[test]
fn vague_names_are_found() {
    for path in ["crates/a/src/utils.rs", "crates/a/src/helpers/b.rs", "crates/common/src/lib.rs", "crates/a/src/key_manager.rs"] {
        assert_eq!(found(words::names, path, ""), 1, "{path}");
    }
    assert_eq!(found(words::names, "crates/a/src/commonplace.rs", ""), 0);
}

#[test]
fn unfinished_work_is_found() {
    let todo = concat!("TO", "DO");
    for line in [
        format!("// {todo}: later"),
        todo.to_owned(),
        format!("({})", concat!("FIX", "ME")),
        concat!("    un", "implemented!()").to_owned(),
    ] {
        assert_eq!(found(words::markers, "a.rs", &line), 1, "{line}");
    }
    for line in [format!("{todo}S"), "mastodon".to_owned(), format!("A{todo}")] {
        assert_eq!(found(words::markers, "a.rs", &line), 0, "{line}");
    }
}

#[test]
fn paths_of_one_machine_are_found() {
    let (work, temporary) = (concat!("/wo", "rk"), concat!("/tm", "p"));
    let local = |path: &str, line: &str| found(words::local_paths, path, line);
    assert_eq!(local("README.md", &format!("see {work}/main")), 1);
    assert_eq!(local("crates/a/src/b/tests.rs", &format!("\"{work}\"")), 1);
    assert_eq!(local("crates/a/src/b.rs", &format!("\"{temporary}/x\"")), 1);
    assert_eq!(local("crates/a/src/b/tests.rs", &format!("\"{temporary}/x\"")), 0);
    assert_eq!(local("README.md", &format!("https://host{work}/x and crates{work}, {work}space")), 0);
}

#[test]
fn crates_without_an_invariant_are_found() {
    let invariant = |text: &str| found(layout::invariants, "crates/a/src/lib.rs", text);
    assert_eq!(invariant("//! A crate.\n//!\n//! Invariant: it holds.\n"), 0);
    assert_eq!(invariant("//! A crate.\n\n// Invariant: hidden.\n"), 1);
    assert_eq!(found(layout::invariants, "crates/a/src/b.rs", ""), 0);
}

#[test]
fn decision_records_are_numbered_once_and_whole() {
    let good = |number: &str| format!("# {number}: Title\n\n## Context\n\n## Decision\n\n## Consequences\n");
    assert_eq!(found(layout::decisions, "docs/adr/0007-a.md", &good("0007")), 0);
    assert_eq!(found(layout::decisions, "docs/adr/0007-a.md", &good("0008")), 1);
    assert_eq!(found(layout::decisions, "docs/adr/7-a.md", &good("0007")), 1);
    assert_eq!(found(layout::decisions, "docs/adr/0007-a.md", "# 0007: Title\n"), 3);
    let twice = [Source::new("docs/adr/0007-a.md", &good("0007")), Source::new("docs/adr/0007-b.md", &good("0007"))];
    assert_eq!(layout::decisions(&twice).len(), 1);
}

#[test]
fn licences_are_there_and_named() {
    let both = [Source::new("LICENSE-MIT", "Permission is hereby granted"), Source::new("LICENSE-APACHE", "Apache License")];
    assert!(layout::licences(&both).is_empty());
    assert_eq!(layout::licences(&both[1..]).len(), 1);
    let silent = [both.to_vec(), vec![Source::new("crates/a/Cargo.toml", "[package]\nname = \"a\"\n")]].concat();
    assert_eq!(layout::licences(&silent).len(), 1);
}
