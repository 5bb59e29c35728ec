//! Looking at providers: whether one is reached, whether it takes our credential, which models it lists. Never at a price.
//!
//! Invariant: only requests that cost nothing are sent, only to the address that the provider is configured with, and no redirect is followed.

mod ask;
mod list;
mod report;
mod steps;
mod verdict;

pub use list::list_models;
pub use report::{StepName, StepState, TestReport, TestStep};
pub use steps::{test_credential, test_provider};

#[cfg(test)]
mod tests;
