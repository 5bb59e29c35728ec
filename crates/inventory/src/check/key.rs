//! Virtual keys.

use super::name::object_name;
use super::{fault, sentence};
use chat::Operation;
use policy::key::{check_chosen, check_pattern};
use providers::FieldFault;
use store::virtual_key::{PREFIX, looks_valid};

/// More entries than this are a mistake, or meant to be one pattern.
const MOST_MODELS: usize = 1_000;

/// What its owner chose of a key, apart from the secret.
pub fn key(name: &str, models: Option<&[String]>, operations: Option<&[Operation]>, concurrency: Option<u32>) -> Vec<FieldFault> {
    let mut faults: Vec<FieldFault> = object_name(name).into_iter().collect();
    let models = models.unwrap_or_default();
    if models.len() > MOST_MODELS {
        faults.push(fault("models", format!("has {} entries", models.len()), "name at most 1000: `prefix*` stands for many models"));
    }
    for (at, pattern) in models.iter().enumerate().take(MOST_MODELS) {
        let path = format!("models[{at}]");
        if pattern.chars().count() > policy::mapping::MAX_NAME + 1 {
            faults.push(fault(&path, "is longer than any virtual model", "shorten it"));
        }
        faults.extend(check_pattern(pattern).err().map(|wrong| sentence(path, &wrong.to_string())));
    }
    if operations.is_some_and(<[Operation]>::is_empty) {
        faults.push(fault("operations", "is empty, so the key could do nothing", "name operations, or leave it out for all"));
    }
    if concurrency == Some(0) {
        faults.push(fault("concurrency", "is 0, so the key could do nothing", "choose 1 or more, or leave it out for no limit"));
    }
    faults
}

/// A secret that a person chose or brought along. The fault never holds it.
pub fn key_secret(field: &str, secret: &str) -> Option<FieldFault> {
    if let Err(wrong) = check_chosen(secret) {
        return Some(sentence(field, &wrong.to_string()));
    }
    let mistyped =
        || fault(field, format!("begins with `{PREFIX}`, and is no key that Conduit made"), "was a character lost? Copy it again");
    (!looks_valid(secret)).then(mistyped)
}
