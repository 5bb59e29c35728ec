//! How long a provider may take.

use super::fault;
use crate::duration;
use crate::object::TimeoutOverrides;
use providers::FieldFault;
use std::time::Duration;

const LEAST: Duration = Duration::from_millis(1);
const MOST_CONNECT: Duration = Duration::from_secs(600);
const MOST: Duration = Duration::from_secs(24 * 3600);

/// Each within its bounds.
pub fn timeouts(given: &TimeoutOverrides) -> Vec<FieldFault> {
    [
        ("connect", given.connect, MOST_CONNECT),
        ("first_byte", given.first_byte, MOST),
        ("idle", given.idle, MOST),
        ("total", given.total, MOST),
    ]
    .into_iter()
    .filter_map(|(name, given, most)| within(name, given?, most))
    .collect()
}

fn within(name: &str, given: Duration, most: Duration) -> Option<FieldFault> {
    let problem = || format!("is {}, which is out of range", duration::format(given));
    (!(LEAST..=most).contains(&given))
        .then(|| fault(format!("timeouts.{name}"), problem(), format!("choose 1ms to {}", duration::format(most))))
}
