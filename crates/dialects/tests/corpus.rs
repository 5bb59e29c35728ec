//! The corpora of the fuzzer, as plain tests.

#[path = "../../../fuzz/checks/dialects.rs"]
mod checks;
#[path = "../../../fuzz/checks/corpus.rs"]
mod corpus;

#[test]
fn requests() {
    corpus::each("request", checks::request);
}

#[test]
fn replies() {
    corpus::each("reply", checks::reply);
}

#[test]
fn streams() {
    corpus::each("stream", checks::stream);
}

#[test]
fn errors() {
    corpus::each("error", checks::error);
}

#[test]
fn lenient_readers() {
    corpus::each("lenient", checks::lenient);
}
