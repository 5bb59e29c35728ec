//! Everything that one run gave.

use crate::candidate::{Candidate, Field};
use crate::lifetime::{self, Lifetime};
use crate::load::Turn;
use crate::requests::Kind;
use crate::rounds::{self, Measured, SCENARIOS};
use crate::{Effort, Failure};

pub(crate) struct Results {
    pub(crate) scenarios: Vec<Measured>,
    pub(crate) lifetime: Lifetime,
}

pub(crate) fn measure(effort: Effort) -> Result<Results, Failure> {
    let field = Field::start()?;
    let scenarios = SCENARIOS.into_iter().map(|scenario| rounds::measure(&field, scenario, effort)).collect::<Result<_, _>>()?;
    drop(field);
    Ok(Results { scenarios, lifetime: lifetime::measure(effort)? })
}

impl Results {
    pub(crate) fn scenario(&self, kind: Kind, concurrency: usize) -> Option<&Measured> {
        self.scenarios.iter().find(|measured| measured.scenario.kind == kind && measured.scenario.concurrency == concurrency)
    }

    /// Conduit's figure over nginx's, round by round; NaN (never "reached") where it was not measured.
    pub(crate) fn ratio(&self, kind: Kind, concurrency: usize, figure: impl Fn(&Turn) -> f64) -> f64 {
        self.scenario(kind, concurrency)
            .and_then(|measured| measured.compared(Candidate::Conduit, Candidate::Nginx, figure, |ours, theirs| ours / theirs))
            .unwrap_or(f64::NAN)
    }
}
