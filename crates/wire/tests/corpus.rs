//! The corpora of the fuzzer, as plain tests.

#[path = "../../../fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../../fuzz/checks/scan.rs"]
mod scan;
#[path = "../../../fuzz/checks/sse.rs"]
mod sse;

#[test]
fn scan_and_splice() {
    corpus::each("scan", scan::run);
}

#[test]
fn sse_framer() {
    corpus::each("sse", sse::run);
}
