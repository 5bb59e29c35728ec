use super::*;

const fn candidate(priority: i32) -> Candidate {
    Candidate { priority, supported: true, enabled: true, usable: true }
}

fn order(candidates: &[Candidate]) -> Vec<usize> {
    plan(Strategy::Priority, Operation::Chat, candidates).targets().map(|decision| decision.candidate).collect()
}

#[test]
fn lower_priority_first_and_equals_as_configured() {
    assert_eq!(order(&[candidate(2), candidate(1), candidate(2), candidate(-1), candidate(1)]), [3, 1, 4, 0, 2]);
    assert_eq!(order(&[]), Vec::<usize>::new());
}

#[test]
fn extreme_priorities_keep_their_order() {
    assert_eq!(order(&[candidate(i32::MAX), candidate(0), candidate(i32::MIN)]), [2, 1, 0]);
}

#[test]
fn what_cannot_be_tried_is_skipped_with_its_reason() {
    let candidates = [
        Candidate { enabled: false, ..candidate(0) },
        candidate(5),
        Candidate { supported: false, ..candidate(1) },
        candidate(3),
        Candidate { usable: false, ..candidate(0) },
    ];
    let plan = plan(Strategy::Priority, Operation::Embeddings, &candidates);
    let said: Vec<_> = plan.decisions().iter().map(|decision| (decision.candidate, decision.reason.to_string())).collect();
    let expected = [
        (3, "priority 3"),
        (1, "priority 5"),
        (0, "skipped: disabled"),
        (2, "skipped: no embeddings endpoint"),
        (4, "skipped: the provider cannot be used as it is configured"),
    ];
    assert_eq!(said, expected.map(|(at, text)| (at, text.to_owned())));
    assert_eq!(plan.targets().count(), 2);
    assert!(!plan.is_empty());
}

#[test]
fn a_plan_without_targets_is_empty() {
    let plan = plan(Strategy::Priority, Operation::Embeddings, &[Candidate { supported: false, ..candidate(1) }]);
    assert!(plan.is_empty());
    assert_eq!(plan.decisions().len(), 1, "its reason is still told");
}

/// Every candidate appears once, whatever the mixture: all 3-candidate mixtures of switches and two priorities.
#[test]
fn every_candidate_is_decided_once() {
    let kinds: Vec<Candidate> = (0..16)
        .map(|bits| Candidate { priority: bits & 1, supported: bits & 2 != 0, enabled: bits & 4 != 0, usable: bits & 8 != 0 })
        .collect();
    for (a, b, c) in (0..4096).map(|n| (n & 15, (n >> 4) & 15, n >> 8)) {
        let group = [kinds[a], kinds[b], kinds[c]];
        let plan = plan(Strategy::Priority, Operation::Chat, &group);
        let mut seen: Vec<_> = plan.decisions().iter().map(|decision| decision.candidate).collect();
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
        let priorities: Vec<_> = plan.targets().map(|decision| group[decision.candidate].priority).collect();
        assert!(priorities.is_sorted());
        assert_eq!(priorities.len(), group.iter().filter(|one| one.enabled && one.supported && one.usable).count());
    }
}
