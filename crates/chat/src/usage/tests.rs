use super::*;

fn counts(input: Option<u64>, output: Option<u64>) -> Usage {
    Usage { input, output, ..Usage::default() }
}

#[test]
fn later_counts_overwrite_and_are_never_added() {
    let mut usage = counts(Some(10), Some(1));
    usage.overwrite(&counts(Some(10), Some(25)));
    usage.overwrite(&counts(Some(10), Some(40)));
    assert_eq!(usage, counts(Some(10), Some(40)));
}

#[test]
fn an_absent_count_keeps_what_is_known() {
    let mut usage = counts(Some(10), None);
    usage.overwrite(&counts(None, Some(7)));
    assert_eq!(usage, counts(Some(10), Some(7)));
}

/// A zero that the provider sent is a zero, not "missing".
#[test]
fn a_zero_is_a_count() {
    let mut usage = counts(Some(10), Some(5));
    usage.overwrite(&counts(None, Some(0)));
    assert_eq!(usage.output, Some(0));
    assert!(!counts(Some(0), None).is_empty());
    assert!(Usage::default().is_empty());
}

#[test]
fn every_count_is_overwritten() {
    let all = Usage {
        input: Some(1),
        cache_read: Some(2),
        cache_write: Some(3),
        cache_write_1h: Some(4),
        output: Some(5),
        reasoning: Some(6),
        audio_input: Some(7),
        audio_output: Some(8),
        total: Some(9),
    };
    let mut usage = Usage::default();
    usage.overwrite(&all);
    assert_eq!(usage, all);
}
