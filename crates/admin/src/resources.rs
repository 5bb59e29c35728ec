//! The handlers: each reads its call, asks the inventory, the store, the monitor or the gateway, and shapes the answer.

mod credential_shape;
mod custom;
pub(crate) mod explain;
pub(crate) mod keys;
pub(crate) mod mappings;
pub(crate) mod page;
pub(crate) mod provider_calls;
pub(crate) mod provider_change;
pub(crate) mod provider_view;
pub(crate) mod providers;
pub(crate) mod requests;
pub(crate) mod system;
pub(crate) mod times;
pub(crate) mod types;
pub(crate) mod usage;

use crate::json::shown;
use crate::problem::{FieldError, Kind, Problem};
use ::providers::FieldFault;
use inventory::ChangeFault;
use inventory::object::Source;
use serde::{Deserialize, Deserializer, Serialize};
use store::StoreError;
use utoipa::ToSchema;

/// Where an object stands: `file` objects are read-only here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    File,
    Database,
}

/// The members that every object has beside its own.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Standing {
    /// Where it stands: an object of the file is changed there.
    pub(crate) source: Origin,
    /// File and line, for an object of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// Why it cannot be used as it stands, and what to do; null where it can.
    pub(crate) problem: Option<String>,
    /// For `If-Match`; an object of the file has none.
    pub(crate) version: Option<i64>,
    #[schema(format = "date-time")]
    pub(crate) created_at: Option<String>,
    #[schema(format = "date-time")]
    pub(crate) updated_at: Option<String>,
}

impl Standing {
    pub(crate) fn of(source: &Source, problem: Option<&str>) -> Self {
        let problem = problem.map(str::to_owned);
        match source {
            Source::File { place } => {
                let place = Some(place.clone());
                Self { source: Origin::File, place, problem, version: None, created_at: None, updated_at: None }
            }
            Source::Database { version, created_at, updated_at } => {
                let (created_at, updated_at) = (Some(times::shown(*created_at)), Some(times::shown(*updated_at)));
                Self { source: Origin::Database, place: None, problem, version: Some(*version), created_at, updated_at }
            }
        }
    }
}

/// A member that may be absent, null or a value: three different wishes.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

pub(crate) fn not_found(what: &str, id: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no {what} with the id `{}`", shown(id)))
}

impl From<ChangeFault> for Problem {
    fn from(fault: ChangeFault) -> Self {
        match fault {
            ChangeFault::Invalid(faults) => Problem::invalid(faults.into_iter().map(FieldError::from).collect()),
            ChangeFault::Conflict(message) => Problem::new(Kind::Conflict, message),
            ChangeFault::Stale { .. } => Problem::new(Kind::Stale, fault.to_string()),
            ChangeFault::NotFound { what, id } => not_found(what, &id),
            ChangeFault::ReadOnly { .. } => Problem::new(Kind::ReadOnly, fault.to_string()),
            ChangeFault::Storage(error) => Problem::from(error),
        }
    }
}

impl From<FieldFault> for FieldError {
    fn from(fault: FieldFault) -> Self {
        FieldError { field: fault.field, problem: fault.problem, remedy: fault.remedy }
    }
}

impl From<StoreError> for Problem {
    /// Whatever the database's trouble is, the caller's key was good: never a 401 (R38).
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, id } => not_found(what, &id),
            StoreError::Conflict(message) => Problem::new(Kind::Conflict, message),
            other => Problem::storage(&other),
        }
    }
}
