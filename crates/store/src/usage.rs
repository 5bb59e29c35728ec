//! Usage rows: one an attempt, unique by attempt id, written in batches by the journal.

pub(crate) mod grouped;
mod insert;

use crate::{Store, StoreError};
use gateway::ports::{Intent, Outcome, OutcomeStatus, own_request_id};
pub use grouped::{GroupBy, UsageGroup};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use std::time::Duration;

const WHAT: &str = "usage row";

#[allow(unreachable_pub, reason = "the derive makes its items as visible as the model")]
pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "usage")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub attempt_id: Vec<u8>,
        pub request: Option<Vec<u8>>,
        pub request_id: Option<String>,
        pub attempt: i64,
        pub started_at: i64,
        pub key_id: String,
        pub operation: String,
        pub virtual_model: String,
        pub provider: String,
        pub provider_model: String,
        pub stream: bool,
        pub status: String,
        pub http_status: i64,
        pub fault: Option<String>,
        pub input_tokens: Option<i64>,
        pub cache_read_tokens: Option<i64>,
        pub cache_write_tokens: Option<i64>,
        #[sea_orm(column_name = "cache_write_1h_tokens")]
        pub cache_write_hour_tokens: Option<i64>,
        pub output_tokens: Option<i64>,
        pub reasoning_tokens: Option<i64>,
        pub audio_input_tokens: Option<i64>,
        pub audio_output_tokens: Option<i64>,
        pub total_tokens: Option<i64>,
        pub usage_estimated: bool,
        pub latency_us: i64,
        pub first_token_us: Option<i64>,
        pub upstream_us: i64,
        pub losses: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One attempt: what was meant and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageRow {
    pub intent: Intent,
    pub outcome: Outcome,
}

pub struct UsageRows<'a> {
    store: &'a Store,
}

impl<'a> UsageRows<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// At most `limit` rows, newest first, older than the attempt `after`.
    pub async fn list(&self, after: Option<u128>, limit: u64) -> Result<Vec<UsageRow>, StoreError> {
        let mut query = row::Entity::find().order_by_desc(row::Column::AttemptId).limit(limit);
        if let Some(after) = after {
            query = query.filter(row::Column::AttemptId.lt(after.to_be_bytes().to_vec()));
        }
        let found = query.all(self.store.reader()).await.map_err(StoreError::database("reading the usage rows"))?;
        found.into_iter().map(read).collect()
    }

    pub async fn count(&self) -> Result<u64, StoreError> {
        row::Entity::find().count(self.store.reader()).await.map_err(StoreError::database("counting the usage rows"))
    }

    /// Writes the rows in one transaction; a row whose attempt id is there already is left as it is (R31). Returns how many were new.
    pub async fn insert(&self, rows: &[UsageRow]) -> Result<u64, StoreError> {
        insert::insert(self.store, rows).await.map_err(|error| self.store.noted(error))
    }
}

pub(crate) fn read(model: row::Model) -> Result<UsageRow, StoreError> {
    let id = model.attempt_id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let corrupt = |cause: String| StoreError::Corrupt { what: WHAT, id: id.clone(), cause };
    let uuid = |name: &str, bytes: &[u8]| {
        <[u8; 16]>::try_from(bytes).map(u128::from_be_bytes).map_err(|_| corrupt(format!("its {name} has not 16 bytes")))
    };
    let tokens = chat::Usage {
        input: count(model.input_tokens),
        cache_read: count(model.cache_read_tokens),
        cache_write: count(model.cache_write_tokens),
        cache_write_1h: count(model.cache_write_hour_tokens),
        output: count(model.output_tokens),
        reasoning: count(model.reasoning_tokens),
        audio_input: count(model.audio_input_tokens),
        audio_output: count(model.audio_output_tokens),
        total: count(model.total_tokens),
    };
    let attempt_id = uuid("attempt id", &model.attempt_id)?;
    let request = model.request.map_or(Ok(attempt_id), |request| uuid("request", &request))?;
    let losses = model.losses.map_or(Ok(Vec::new()), |losses| serde_json::from_str(&losses));
    let number = |name: &str, value: i64| u32::try_from(value).map_err(|error| corrupt(format!("{name}: {error}")));
    Ok(UsageRow {
        intent: Intent {
            attempt_id,
            request,
            request_id: model.request_id.unwrap_or_else(|| own_request_id(request)),
            attempt: number("attempt", model.attempt)?,
            started_at: model.started_at,
            key_id: model.key_id,
            operation: from_name(&model.operation).map_err(|error| corrupt(format!("operation: {error}")))?,
            virtual_model: model.virtual_model,
            provider: model.provider,
            provider_model: model.provider_model,
            stream: model.stream,
        },
        outcome: Outcome {
            status: from_name(&model.status).map_err(|error| corrupt(format!("status: {error}")))?,
            http_status: u16::try_from(model.http_status).map_err(|error| corrupt(format!("http_status: {error}")))?,
            fault: model.fault,
            usage: (!tokens.is_empty()).then_some(tokens),
            usage_estimated: model.usage_estimated,
            latency: micros(model.latency_us),
            first_token: model.first_token_us.map(micros),
            upstream: micros(model.upstream_us),
            losses: losses.map_err(|error| corrupt(format!("losses: {error}")))?,
        },
    })
}

/// Enums are stored under their serde names.
fn from_name<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, serde_json::Error> {
    serde_json::from_value(serde_json::Value::String(name.to_owned()))
}

pub(crate) const fn status_name(status: OutcomeStatus) -> &'static str {
    match status {
        OutcomeStatus::Succeeded => "succeeded",
        OutcomeStatus::Failed => "failed",
        OutcomeStatus::Cancelled => "cancelled",
        OutcomeStatus::Truncated => "truncated",
        OutcomeStatus::Unknown => "unknown",
    }
}

/// An id as its column holds it.
pub(crate) fn uuid(id: u128) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

fn count(stored: Option<i64>) -> Option<u64> {
    stored.map(i64::unsigned_abs)
}

fn micros(stored: i64) -> Duration {
    Duration::from_micros(stored.unsigned_abs())
}

#[cfg(test)]
mod tests;
