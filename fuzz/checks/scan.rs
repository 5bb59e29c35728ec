//! What must hold for any bytes that are scanned and edited as JSON.
#![allow(clippy::expect_used, reason = "a check fails by a panic")]

use wire::json::{Edits, Limits, Object, ScanErrorKind, check, json_string, scan};

pub(crate) fn run(data: &[u8]) {
    let limits = Limits::default();
    judged_like_serde_json(data, &limits);
    let Ok(object) = scan(data, &limits) else { return };
    assert_eq!(Edits::new(&object).apply(), data, "no edit, yet other bytes");
    for at in 0..object.members().len() {
        edit_one(&object, at, &limits);
    }
}

/// The same texts are accepted, the depth limit aside, which serde_json does not apply to raw values.
fn judged_like_serde_json(data: &[u8], limits: &Limits) {
    let ours = check(data, limits);
    if ours.as_ref().is_err_and(|error| matches!(error.kind, ScanErrorKind::TooDeep(_))) {
        return;
    }
    let theirs = serde_json::from_slice::<&serde_json::value::RawValue>(data);
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{ours:?}, serde_json: {theirs:?}");
}

/// Each edit of one member leaves the others as they were, and a body that scans.
fn edit_one(object: &Object<'_>, at: usize, limits: &Limits) {
    let Some(member) = object.members().get(at) else { return };
    let others = |edited: &Object<'_>| -> Vec<(String, String)> {
        let pairs = edited.members().iter().map(|other| (other.key.to_string(), other.value.to_owned()));
        pairs.filter(|(key, _)| *key != member.key && key != FRESH).collect()
    };
    let expected = others(object);

    let value = json_string(&member.key);
    let mut edits = Edits::new(object);
    edits.set(&member.key, value.clone());
    let out = edits.apply();
    let edited = scan(&out, limits).expect("a body with one value set");
    assert_eq!(edited.get(&member.key).map(|changed| changed.value), Some(value.as_str()));
    assert_eq!(others(&edited), expected);

    let mut edits = Edits::new(object);
    assert!(edits.remove(&member.key));
    let renamed = object.get(FRESH).is_none() && edits.set(FRESH, "1").rename(FRESH, &member.key);
    let out = edits.apply();
    let edited = scan(&out, limits).expect("a body with one member exchanged");
    assert_eq!(edited.get(&member.key).is_some(), renamed);
    assert_eq!(others(&edited), expected);
}

const FRESH: &str = "a name that no corpus file has";
