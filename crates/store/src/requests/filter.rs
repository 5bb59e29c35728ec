//! Which usage rows are meant. What a caller gives reaches the database as bound values only (R58).

use crate::usage::{status_name, uuid};
use chat::Operation;
use gateway::ports::OutcomeStatus;
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

/// The row of the attempt that no other of its request follows.
pub(crate) const LAST: &str = "NOT EXISTS (SELECT 1 FROM usage AS later WHERE later.request = u.request AND later.attempt > u.attempt)";
/// Spelt as in the index of the errors: with a bound value in its place the index could not be used.
const FAILED: &str = "u.status <> 'succeeded'";

/// A WHERE clause under construction: texts of this file, and the values for its parameters.
pub(crate) struct Conditions {
    clause: String,
    values: Vec<Value>,
}

impl Conditions {
    pub(crate) fn of(filter: &RequestFilter) -> Self {
        let mut all = Self { clause: "1 = 1".to_owned(), values: Vec::new() };
        let text = |value: &Option<String>| value.as_deref().map(Value::from);
        let conditions = [
            ("u.request >=", filter.from.map(|from| uuid(id_at(from)).into())),
            ("u.request <", filter.to.map(|to| uuid(id_at(to)).into())),
            ("u.key_id =", text(&filter.key_id)),
            ("u.virtual_model =", text(&filter.virtual_model)),
            ("u.provider =", text(&filter.provider)),
            ("u.status =", filter.status.map(|status| status_name(status).into())),
            ("u.operation =", filter.operation.map(|operation| operation.name().into())),
            ("u.request_id =", text(&filter.request_id)),
        ];
        for (condition, value) in conditions {
            if let Some(value) = value {
                all.and(condition, value);
            }
        }
        if filter.only_errors || filter.status.is_some_and(|status| status != OutcomeStatus::Succeeded) {
            all.clause.push_str(" AND ");
            all.clause.push_str(FAILED);
        }
        all
    }

    /// `condition` is a column and a comparison; the value follows as a parameter.
    pub(crate) fn and(&mut self, condition: &'static str, value: Value) {
        self.values.push(value);
        self.clause.push_str(&format!(" AND {condition} ${}", self.values.len()));
    }

    pub(crate) fn finish(self) -> (String, Vec<Value>) {
        (self.clause, self.values)
    }
}

/// The smallest id of a request that began at this moment or later.
fn id_at(micros: i64) -> u128 {
    (u128::try_from(micros.div_euclid(1_000)).unwrap_or(0) & 0xffff_ffff_ffff) << 80
}
