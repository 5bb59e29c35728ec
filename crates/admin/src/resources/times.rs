//! Times and durations as the API writes them.

use crate::problem::FieldError;
use inventory::change::TimeoutChange;
use inventory::duration;
use inventory::object::TimeoutOverrides;
use jiff::fmt::temporal::Pieces;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Microseconds since 1970 as `2026-12-31T23:59:59.123456Z`.
pub(crate) fn shown(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |time| time.to_string())
}

/// Reads what [`shown`] writes, and every other spelling of RFC 3339.
pub(crate) fn read(field: &str, text: &str) -> Result<i64, FieldError> {
    let wrong = |_| match Pieces::parse(text) {
        Ok(pieces) if pieces.time().is_some() && pieces.offset().is_some() => {
            FieldError::new(field, "is out of range", "write a moment before the year 9999")
        }
        _ => FieldError::new(field, "is no time", "write it as 2026-12-31T23:59:59Z"),
    };
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_microsecond).map_err(wrong)
}

/// Timeouts of a provider or a mapping, as `5s` or `500ms`; null gives one back to the level above.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Timeouts {
    /// Name resolution, TCP and TLS together.
    #[serde(deserialize_with = "super::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 24, pattern = "^[0-9]+ ?(ms|s|m|h)$", example = "5s", required = false)]
    pub(crate) connect: Option<Option<String>>,
    /// Streams: until the first event.
    #[serde(deserialize_with = "super::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 24, pattern = "^[0-9]+ ?(ms|s|m|h)$", example = "300s", required = false)]
    pub(crate) first_byte: Option<Option<String>>,
    /// Streams: between two events.
    #[serde(deserialize_with = "super::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 24, pattern = "^[0-9]+ ?(ms|s|m|h)$", example = "120s", required = false)]
    pub(crate) idle: Option<Option<String>>,
    /// Unary calls: the whole answer.
    #[serde(deserialize_with = "super::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 24, pattern = "^[0-9]+ ?(ms|s|m|h)$", example = "600s", required = false)]
    pub(crate) total: Option<Option<String>>,
}

impl Timeouts {
    pub(crate) fn shown(overrides: &TimeoutOverrides) -> Self {
        let text = |duration: Option<Duration>| duration.map(|duration| Some(duration::format(duration)));
        Self {
            connect: text(overrides.connect),
            first_byte: text(overrides.first_byte),
            idle: text(overrides.idle),
            total: text(overrides.total),
        }
    }

    /// What is to change.
    pub(crate) fn change(&self, errors: &mut Vec<FieldError>) -> TimeoutChange {
        TimeoutChange {
            connect: period("timeouts.connect", self.connect.as_ref(), errors),
            first_byte: period("timeouts.first_byte", self.first_byte.as_ref(), errors),
            idle: period("timeouts.idle", self.idle.as_ref(), errors),
            total: period("timeouts.total", self.total.as_ref(), errors),
        }
    }

    /// What is set, for something new.
    pub(crate) fn overrides(&self, errors: &mut Vec<FieldError>) -> TimeoutOverrides {
        let TimeoutChange { connect, first_byte, idle, total } = self.change(errors);
        TimeoutOverrides { connect: connect.flatten(), first_byte: first_byte.flatten(), idle: idle.flatten(), total: total.flatten() }
    }
}

fn period(field: &str, text: Option<&Option<String>>, errors: &mut Vec<FieldError>) -> Option<Option<Duration>> {
    match text? {
        None => Some(None),
        Some(text) => match duration::parse(text) {
            Ok(duration) => Some(Some(duration)),
            Err(_) => {
                errors.push(duration_error(field));
                None
            }
        },
    }
}

/// What a text that is no duration is told.
pub(crate) fn duration_error(field: &str) -> FieldError {
    FieldError::new(field, "is no duration", "write a whole number and a unit (ms, s, m, h), like 5s")
}
