//! Which usage rows are meant. What a caller gives reaches the database as bound values only (R58).

use crate::usage::{status_name, uuid};
use chat::Operation;
use gateway::ports::{OutcomeStatus, request_of_own_id};
use sea_orm::Value;

/// Each member that is set narrows the list; of a request with several attempts the last one is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Microseconds since 1970, to the millisecond; the beginning is part of the range, the end is not.
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub key_id: Option<String>,
    pub virtual_model: Option<String>,
    /// The provider's name; an empty one means requests that reached none.
    pub provider: Option<String>,
    pub status: Option<OutcomeStatus>,
    pub operation: Option<Operation>,
    /// What the caller saw as `x-request-id`.
    pub request_id: Option<String>,
    /// Everything that did not succeed.
    pub only_errors: bool,
}

impl RequestFilter {
    /// The ways in which rows may hold the `x-request-id` that is asked for.
    pub(crate) fn names(&self) -> Vec<Name<'_>> {
        let Some(told) = self.request_id.as_deref() else { return vec![Name::Any] };
        std::iter::once(Name::Told(told)).chain(request_of_own_id(told).map(Name::Own)).collect()
    }
}

/// How a row holds its `x-request-id`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'a> {
    Any,
    /// As a text: the caller gave it.
    Told(&'a str),
    /// Not at all: it was made here, of the request's id.
    Own(u128),
}

/// Rows know their request in two ways, and each way has its index; every row is in one part.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// The first row of a request, which has the request's id.
    First,
    /// The rows of later attempts, which name it.
    Later,
}

impl Part {
    pub(crate) const ALL: [Self; 2] = [Self::First, Self::Later];

    /// The column that holds the request's id.
    pub(crate) const fn request(self) -> &'static str {
        match self {
            Self::First => "u.attempt_id",
            Self::Later => "u.request",
        }
    }

    const fn belongs(self) -> &'static str {
        match self {
            Self::First => "u.request IS NULL",
            Self::Later => "u.request IS NOT NULL",
        }
    }

    /// True of the attempt that no other of its request follows. Nothing follows one that has succeeded: only the others are looked up.
    pub(crate) const fn is_last(self) -> &'static str {
        match self {
            Self::First => "(u.status = 'succeeded' OR NOT EXISTS (SELECT 1 FROM usage AS later WHERE later.request = u.attempt_id))",
            Self::Later => {
                "(u.status = 'succeeded' OR \
                 NOT EXISTS (SELECT 1 FROM usage AS later WHERE later.request = u.request AND later.attempt > u.attempt))"
            }
        }
    }
}

/// Spelt as in the index of the errors: with a bound value in its place the index could not be used.
const FAILED: &str = "u.status <> 'succeeded'";

/// A WHERE clause under construction: texts of this file, and the values for its parameters.
pub(crate) struct Conditions {
    clause: String,
    values: Vec<Value>,
}

impl Conditions {
    /// The rows of this part that pass the filter and hold their `x-request-id` in this way. `values` are bound before.
    pub(crate) fn of(filter: &RequestFilter, part: Part, name: Name<'_>, values: Vec<Value>) -> Self {
        let mut all = Self { clause: part.belongs().to_owned(), values };
        all.and_range(filter, part.request());
        match name {
            Name::Any => {}
            Name::Told(text) => all.and("u.request_id", "=", text.into()),
            Name::Own(request) => {
                all.clause.push_str(" AND u.request_id IS NULL");
                all.and(part.request(), "=", uuid(request).into());
            }
        }
        all.and_indexed_errors(filter);
        let text = |value: &Option<String>| value.as_deref().map(Value::from);
        let compared = [
            ("u.key_id", text(&filter.key_id)),
            ("u.virtual_model", text(&filter.virtual_model)),
            ("u.provider", text(&filter.provider)),
            ("u.status", filter.status.map(|status| status_name(status).into())),
            ("u.operation", filter.operation.map(|operation| operation.name().into())),
        ];
        for (column, value) in compared {
            if let Some(value) = value {
                all.and(column, "=", value);
            }
        }
        all
    }

    /// The rows that an index leads to, of which the rest of the filter leaves some: what reading a page costs.
    pub(crate) fn to_be_read(filter: &RequestFilter) -> Self {
        let mut all = Self { clause: "1 = 1".to_owned(), values: Vec::new() };
        all.and_range(filter, Part::First.request());
        if let Some(told) = &filter.request_id {
            all.and("u.request_id", "=", told.as_str().into());
        }
        all.and_indexed_errors(filter);
        all
    }

    fn and_range(&mut self, filter: &RequestFilter, column: &'static str) {
        for (comparison, moment) in [(">=", filter.from), ("<", filter.to)] {
            if let Some(moment) = moment {
                self.and(column, comparison, uuid(id_at(moment)).into());
            }
        }
    }

    fn and_indexed_errors(&mut self, filter: &RequestFilter) {
        if filter.only_errors || filter.status.is_some_and(|status| status != OutcomeStatus::Succeeded) {
            self.clause.push_str(" AND ");
            self.clause.push_str(FAILED);
        }
    }

    /// A column, a comparison, and the value as a parameter.
    pub(crate) fn and(&mut self, column: &'static str, comparison: &'static str, value: Value) {
        self.values.push(value);
        self.clause.push_str(&format!(" AND {column} {comparison} ${}", self.values.len()));
    }

    pub(crate) fn finish(self) -> (String, Vec<Value>) {
        (self.clause, self.values)
    }
}

/// The smallest id of a request that began at this moment or later.
fn id_at(micros: i64) -> u128 {
    (u128::try_from(micros.div_euclid(1_000)).unwrap_or(0) & 0xffff_ffff_ffff) << 80
}
