//! Requests as their callers saw them: one a request, however many attempts it took. What the last attempt came to is what the request came to.
//!
//! A request is known by the id of its first row, a UUID version 7, so that the order of ids is that of time, and a moment is an id.

pub(crate) mod filter;

use crate::usage::{UsageRow, read, row, uuid};
use crate::{Store, StoreError};
pub use filter::RequestFilter;
use filter::{Conditions, Name, Part};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement, Value};
use std::cmp::Reverse;
use std::collections::HashMap;

/// What one request came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRow {
    /// The id of its first row.
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
    /// Where the next page begins, which may be empty too; `None` at the end.
    pub next: Option<u128>,
}

/// So many rows are read for a page: as a rule the first stretch has enough that pass.
const STRETCHES: [u64; 2] = [5_000, 45_000];

pub struct Requests<'a> {
    store: &'a Store,
}

impl<'a> Requests<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// At most `limit` requests that pass the filter, newest first, older than the request `after`.
    ///
    /// A page reads about fifty thousand rows at most, however few of them pass: then it has fewer than `limit`, or none, and `next` all the same.
    pub async fn page(&self, filter: &RequestFilter, after: Option<u128>, limit: u64) -> Result<RequestPage, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found: Vec<UsageRow> = Vec::new();
        let mut before = after;
        for rows in STRETCHES {
            let from = self.stretch(filter, before, rows).await?;
            found.extend(self.within(filter, from, before, limit.saturating_add(1)).await?);
            before = from;
            if before.is_none() || found.len() > wanted {
                break;
            }
        }
        let more = found.len() > wanted;
        found.truncate(wanted);
        let next = if more { found.last().map(|row| row.intent.request) } else { before };
        let begun = self.first_beginnings(&found).await?;
        let as_request = |last: UsageRow| RequestRow {
            request: last.intent.request,
            started_at: begun.get(&last.intent.request).copied().unwrap_or(last.intent.started_at),
            attempts: last.intent.attempt,
            last,
        };
        Ok(RequestPage { rows: found.into_iter().map(as_request).collect(), next })
    }

    /// All attempts of a request, the first one first; empty where there is no such request.
    pub async fn get(&self, request: u128) -> Result<Vec<UsageRow>, StoreError> {
        let doing = "reading a request";
        let first = row::Entity::find_by_id(uuid(request)).filter(row::Column::Request.is_null());
        let later = row::Entity::find().filter(row::Column::Request.eq(uuid(request))).order_by_asc(row::Column::Attempt);
        let first = first.one(self.store.reader()).await.map_err(StoreError::database(doing))?;
        let later = later.all(self.store.reader()).await.map_err(StoreError::database(doing))?;
        first.into_iter().chain(later).map(read).collect()
    }

    /// The newest request that its caller saw under this `x-request-id`.
    pub async fn find(&self, request_id: &str) -> Result<Option<u128>, StoreError> {
        let filter = RequestFilter { request_id: Some(request_id.to_owned()), ..RequestFilter::default() };
        Ok(self.within(&filter, None, None, 1).await?.first().map(|row| row.intent.request))
    }

    /// Where a stretch of so many rows ends that goes back from the request `before`; `None`: with the oldest row.
    async fn stretch(&self, filter: &RequestFilter, before: Option<u128>, rows: u64) -> Result<Option<u128>, StoreError> {
        let doing = "measuring a page of requests";
        let found = self.store.reader().query_one_raw(self.stretch_statement(filter, before, rows)).await;
        let end =
            found.and_then(|row| row.map(|row| row.try_get_by_index::<Vec<u8>>(0)).transpose()).map_err(StoreError::database(doing))?;
        Ok(end.and_then(|id| id.try_into().ok()).map(u128::from_be_bytes))
    }

    /// At most `limit` last attempts of requests from `from` on and before `before`, the newest request first.
    async fn within(
        &self,
        filter: &RequestFilter,
        from: Option<u128>,
        before: Option<u128>,
        limit: u64,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let doing = "reading the requests";
        let mut found = Vec::new();
        for name in filter.names() {
            for part in Part::ALL {
                let statement = self.part_statement(filter, (part, name), (from, before), limit);
                found.extend(row::Model::find_by_statement(statement).all(self.store.reader()).await.map_err(StoreError::database(doing))?);
            }
        }
        let mut rows = found.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| Reverse((row.intent.request, row.intent.attempt)));
        // A later attempt may have been written between the two readings.
        rows.dedup_by_key(|row| row.intent.request);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rows)
    }

    pub(crate) fn part_statement(
        &self,
        filter: &RequestFilter,
        (part, name): (Part, Name<'_>),
        (from, before): (Option<u128>, Option<u128>),
        limit: u64,
    ) -> Statement {
        let (request, is_last) = (part.request(), part.is_last());
        let mut conditions = Conditions::of(filter, part, name, Vec::new());
        for (comparison, end) in [(">=", from), ("<", before)] {
            if let Some(end) = end {
                conditions.and(request, comparison, uuid(end).into());
            }
        }
        let (clause, mut values) = conditions.finish();
        values.push(number(limit));
        let sql = format!("SELECT u.* FROM usage AS u WHERE {clause} AND {is_last} ORDER BY {request} DESC LIMIT ${}", values.len());
        Statement::from_sql_and_values(self.store.backend(), sql, values)
    }

    pub(crate) fn stretch_statement(&self, filter: &RequestFilter, before: Option<u128>, rows: u64) -> Statement {
        let mut conditions = Conditions::to_be_read(filter);
        if let Some(before) = before {
            conditions.and("u.attempt_id", "<", uuid(before).into());
        }
        let (clause, mut values) = conditions.finish();
        values.push(number(rows));
        let sql = format!("SELECT u.attempt_id FROM usage AS u WHERE {clause} ORDER BY u.attempt_id DESC LIMIT 1 OFFSET ${}", values.len());
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

fn number(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

#[cfg(test)]
mod tests;
