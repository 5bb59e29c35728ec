//! What a process costs over its life: how soon it is ready, how much memory it holds.

use crate::candidate::{self, Candidate};
use crate::requests::Kind;
use crate::statistics::median;
use crate::{Effort, Failure, load, report};
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub(crate) struct Lifetime {
    /// From the start of the process to the first 200 of /health/ready, on an empty data directory without configuration, in milliseconds.
    pub(crate) ready: f64,
    /// Resident, in MiB.
    pub(crate) idle: f64,
    /// After so many requests.
    pub(crate) loaded: [(u64, f64); 2],
}

/// Time to settle before memory is read.
const REST: Duration = Duration::from_millis(1500);

pub(crate) fn measure(effort: Effort) -> Result<Lifetime, Failure> {
    let folder = tempfile::tempdir()?;
    let mut starts = Vec::new();
    for number in 0..effort.starts {
        report::say(&format!("start on an empty data directory: {} of {}", number + 1, effort.starts));
        let (_process, _, took) = candidate::start_conduit_fresh(folder.path())?;
        starts.push(took.as_secs_f64() * 1e3);
    }
    let (_simulator, upstream) = candidate::start_simulator(folder.path())?;
    let (conduit, address, _) = candidate::start_conduit(folder.path(), upstream)?;
    std::thread::sleep(REST);
    let idle = conduit.usage().memory()?;
    let request = Kind::Plain.request(Candidate::Conduit).unwrap_or_default();
    let mut done = 0;
    let mut loaded = [(0, 0.0); 2];
    for (slot, until) in loaded.iter_mut().zip(effort.memory_after) {
        report::say(&format!("memory after {until} requests"));
        load::count(address, &request, 16, until - done)?;
        conduit.usage().cpu_at_rest()?;
        std::thread::sleep(REST);
        *slot = (until, conduit.usage().memory()?);
        done = until;
    }
    Ok(Lifetime { ready: median(starts), idle, loaded })
}
