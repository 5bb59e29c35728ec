//! Requests as their callers saw them: one a request, however many attempts it took. What the last attempt came to is what the request came to.
//!
//! A request is known by the id of its first attempt, a UUID version 7, so that the order of ids is that of time, and a moment is an id.

pub(crate) mod filter;

use crate::usage::{UsageRow, read, row, uuid};
use crate::{Store, StoreError};
pub use filter::RequestFilter;
use filter::{Conditions, LAST};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement, Value};
use std::collections::HashMap;

/// What one request came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRow {
    /// The id of its first attempt.
    pub request: u128,
    /// Microseconds since 1970: the beginning of the first attempt.
    pub started_at: i64,
    /// How often a provider was called; 0 for a request that was refused before.
    pub attempts: u32,
    /// The attempt that made the answer.
    pub last: UsageRow,
}

/// A page of a list, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestPage {
    pub rows: Vec<RequestRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<u128>,
}

pub struct Requests<'a> {
    store: &'a Store,
}

impl<'a> Requests<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// At most `limit` requests that pass the filter, newest first, older than the request `after`.
    pub async fn page(&self, filter: &RequestFilter, after: Option<u128>, limit: u64) -> Result<RequestPage, StoreError> {
        let doing = "reading the requests";
        let statement = self.page_statement(filter, after, limit.saturating_add(1));
        let found = row::Model::find_by_statement(statement).all(self.store.reader()).await.map_err(StoreError::database(doing))?;
        let more = found.len() as u64 > limit;
        let found = found.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
        let rows = found.map(read).collect::<Result<Vec<_>, _>>()?;
        let begun = self.first_beginnings(&rows).await?;
        let rows: Vec<_> = rows
            .into_iter()
            .map(|last| RequestRow {
                request: last.intent.request,
                started_at: begun.get(&last.intent.request).copied().unwrap_or(last.intent.started_at),
                attempts: last.intent.attempt,
                last,
            })
            .collect();
        let next = rows.last().filter(|_| more).map(|row| row.request);
        Ok(RequestPage { rows, next })
    }

    /// All attempts of a request, the first one first; empty where there is no such request.
    pub async fn get(&self, request: u128) -> Result<Vec<UsageRow>, StoreError> {
        let query = row::Entity::find().filter(row::Column::Request.eq(uuid(request))).order_by_asc(row::Column::Attempt);
        let found = query.all(self.store.reader()).await.map_err(StoreError::database("reading a request"))?;
        found.into_iter().map(read).collect()
    }

    /// The newest request that its caller saw under this `x-request-id`.
    pub async fn find(&self, request_id: &str) -> Result<Option<u128>, StoreError> {
        let query = row::Entity::find().filter(row::Column::RequestId.eq(request_id)).order_by_desc(row::Column::AttemptId).limit(1);
        let found = query.one(self.store.reader()).await.map_err(StoreError::database("looking for a request"))?;
        found.map(|model| read(model).map(|row| row.intent.request)).transpose()
    }

    pub(crate) fn page_statement(&self, filter: &RequestFilter, after: Option<u128>, limit: u64) -> Statement {
        let mut conditions = Conditions::of(filter);
        if let Some(after) = after {
            conditions.and("u.request <", Value::from(uuid(after)));
        }
        let (clause, mut values) = conditions.finish();
        values.push(Value::BigInt(Some(i64::try_from(limit).unwrap_or(i64::MAX))));
        let sql = format!("SELECT u.* FROM usage AS u WHERE {clause} AND {LAST} ORDER BY u.request DESC LIMIT ${}", values.len());
        Statement::from_sql_and_values(self.store.backend(), sql, values)
    }

    /// When the requests began whose answer is not of their first attempt.
    async fn first_beginnings(&self, rows: &[UsageRow]) -> Result<HashMap<u128, i64>, StoreError> {
        let again: Vec<_> = rows.iter().filter(|row| row.intent.attempt > 1).map(|row| uuid(row.intent.request)).collect();
        if again.is_empty() {
            return Ok(HashMap::new());
        }
        let query = row::Entity::find()
            .select_only()
            .columns([row::Column::AttemptId, row::Column::StartedAt])
            .filter(row::Column::AttemptId.is_in(again));
        let found: Vec<(Vec<u8>, i64)> =
            query.into_tuple().all(self.store.reader()).await.map_err(StoreError::database("reading the first attempts"))?;
        Ok(found.into_iter().filter_map(|(id, started_at)| Some((u128::from_be_bytes(id.try_into().ok()?), started_at))).collect())
    }
}

#[cfg(test)]
mod tests;
