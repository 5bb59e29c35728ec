//! What a test found, for people.

use serde::Serialize;
use std::time::Duration;

/// What a test of a provider found.
#[derive(Clone, Debug, Serialize)]
pub struct TestReport {
    pub provider: String,
    /// Something answers there in HTTP; `None` where it was not looked at.
    pub reachable: Option<bool>,
    /// The provider takes the key, every key that was tried; `None` where that cannot be told without paying.
    pub key_valid: Option<bool>,
    /// Nothing was found to be wrong.
    pub ok: bool,
    pub steps: Vec<TestStep>,
    /// How many models it lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<usize>,
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
}

/// One step, in the order in which a request takes them.
#[derive(Clone, Debug, Serialize)]
pub struct TestStep {
    pub name: StepName,
    /// The credential that it was made with, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    pub state: StepState,
    /// False where it failed.
    pub ok: bool,
    /// What was found, in plain words.
    pub message: String,
    /// What helps, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    #[serde(rename = "took_ms", skip_serializing_if = "Option::is_none", serialize_with = "optional_milliseconds")]
    pub took: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepName {
    Dns,
    Connect,
    Tls,
    /// Whether an HTTP answer comes at all.
    Answer,
    /// The owner's question whether the server is well.
    Probe,
    Authentication,
    Models,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    Passed,
    Failed,
    /// Not needed, or not reached because one before it failed.
    Skipped,
    /// It cannot be told without paying.
    Unknown,
}

impl TestStep {
    pub(crate) fn new(name: StepName, state: StepState, message: impl Into<String>) -> Self {
        let ok = state != StepState::Failed;
        Self { name, credential: None, state, ok, message: message.into(), remedy: None, took: None }
    }

    pub(crate) fn failed(name: StepName, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(name, StepState::Failed, message) }
    }

    pub(crate) fn of(mut self, credential: &str) -> Self {
        self.credential = Some(credential.to_owned());
        self
    }

    pub(crate) fn after(mut self, took: Duration) -> Self {
        self.took = Some(took);
        self
    }
}

fn milliseconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

fn optional_milliseconds<S: serde::Serializer>(took: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    milliseconds(&took.unwrap_or_default(), serializer)
}
