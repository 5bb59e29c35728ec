//! The order in which the mappings of a virtual model are tried, with a reason for each: data, so that the gateway, a dry run and a test read
//! the same value.

use chat::Operation;

/// One mapping of the group, as far as the decision needs it. Its place in the slice is how it is named in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Lower is tried first.
    pub priority: i32,
    /// The provider has an endpoint for the operation.
    pub supported: bool,
    pub enabled: bool,
    /// Its provider can be called as it is configured.
    pub usable: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Lower priority first; equals in the order in which they are configured.
    #[default]
    Priority,
}

/// What is to be done, and with it the reason for every candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The targets in the order in which they are tried, then the ones that are skipped, each in the configured order.
    decisions: Vec<Decision>,
    targets: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which candidate: its place in the slice.
    pub candidate: usize,
    pub reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Priority(i32),
    /// Switched off.
    Disabled,
    NoEndpoint(Operation),
    /// Its provider cannot be called as it is configured; the snapshot says why.
    Unusable,
}

impl Reason {
    pub fn is_skipped(self) -> bool {
        !matches!(self, Reason::Priority(_))
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::Priority(priority) => write!(f, "priority {priority}"),
            Reason::Disabled => f.write_str("skipped: disabled"),
            Reason::Unusable => f.write_str("skipped: the provider cannot be used as it is configured"),
            Reason::NoEndpoint(operation) => write!(f, "skipped: no {} endpoint", operation.name()),
        }
    }
}

impl Plan {
    /// The candidates to try, in order.
    pub fn targets(&self) -> impl Iterator<Item = Decision> + '_ {
        self.decisions.iter().copied().take(self.targets)
    }

    /// Every candidate: targets first.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// No candidate can be tried.
    pub fn is_empty(&self) -> bool {
        self.targets == 0
    }
}

/// Decides over the mappings of one virtual model.
pub fn plan(strategy: Strategy, operation: Operation, candidates: &[Candidate]) -> Plan {
    let mut decisions: Vec<Decision> =
        candidates.iter().enumerate().map(|(at, candidate)| Decision { candidate: at, reason: judge(operation, candidate) }).collect();
    // The sort is stable, which keeps the configured order among equals and among the skipped.
    decisions.sort_by_key(|decision| match (strategy, decision.reason) {
        (Strategy::Priority, Reason::Priority(priority)) => (0, priority),
        (_, Reason::Disabled | Reason::NoEndpoint(_) | Reason::Unusable) => (1, 0),
    });
    let targets = decisions.iter().take_while(|decision| !decision.reason.is_skipped()).count();
    Plan { decisions, targets }
}

fn judge(operation: Operation, candidate: &Candidate) -> Reason {
    if !candidate.enabled {
        Reason::Disabled
    } else if !candidate.supported {
        Reason::NoEndpoint(operation)
    } else if !candidate.usable {
        Reason::Unusable
    } else {
        Reason::Priority(candidate.priority)
    }
}

#[cfg(test)]
mod tests;
