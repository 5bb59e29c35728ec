//! Many rows in few statements. The statements have a handful of fixed sizes, so that each is prepared once per connection and reused.

use super::{UsageRow, status_name, uuid};
use crate::{Store, StoreError};
use gateway::ports::request_of_own_id;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use std::fmt::Write;
use std::sync::OnceLock;
use std::time::Duration;

#[rustfmt::skip]
const COLUMNS: [&str; 28] = [
    "attempt_id", "request", "request_id", "attempt", "started_at", "key_id", "operation", "virtual_model", "provider", "provider_model", "stream",
    "status", "http_status", "fault", "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "audio_input_tokens", "audio_output_tokens", "total_tokens", "usage_estimated", "latency_us", "first_token_us",
    "upstream_us", "losses",
];
/// Rows a statement, largest first. 256 rows are 7,168 parameters: SQLite takes 32,766, PostgreSQL 65,535.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

pub(super) async fn insert(store: &Store, rows: &[UsageRow]) -> Result<u64, StoreError> {
    let doing = "writing usage rows";
    if rows.is_empty() {
        return Ok(0);
    }
    let backend = store.backend();
    let tx = store.begin().await?;
    let (mut rest, mut new) = (rows, 0);
    for (size, sql) in SIZES.iter().zip(statements(backend)) {
        while let Some((chunk, after)) = rest.split_at_checked(*size) {
            let mut values = Vec::with_capacity(size * COLUMNS.len());
            chunk.iter().for_each(|row| push_values(&mut values, row));
            let done = tx.execute_raw(Statement::from_sql_and_values(backend, sql.as_str(), values)).await;
            new += done.map_err(StoreError::database(doing))?.rows_affected();
            rest = after;
        }
    }
    store.commit(tx).await?;
    Ok(new)
}

/// The SQL text for each of [`SIZES`].
fn statements(backend: DbBackend) -> &'static [String; SIZES.len()] {
    static SQLITE: OnceLock<[String; SIZES.len()]> = OnceLock::new();
    static POSTGRES: OnceLock<[String; SIZES.len()]> = OnceLock::new();
    match backend {
        DbBackend::Postgres => POSTGRES.get_or_init(|| SIZES.map(|size| sql_for(size, true))),
        _ => SQLITE.get_or_init(|| SIZES.map(|size| sql_for(size, false))),
    }
}

fn sql_for(rows: usize, numbered: bool) -> String {
    let mut sql = format!("INSERT INTO usage ({}) VALUES ", COLUMNS.join(", "));
    let mut parameter = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..COLUMNS.len() {
            parameter += 1;
            sql.push_str(if column == 0 { "" } else { ", " });
            // Writing to a String cannot fail.
            let _ = if numbered { write!(sql, "${parameter}") } else { sql.write_char('?') };
        }
        sql.push(')');
    }
    sql.push_str(" ON CONFLICT (attempt_id) DO NOTHING");
    sql
}

/// In the order of [`COLUMNS`].
fn push_values(values: &mut Vec<Value>, row: &UsageRow) {
    let (intent, outcome) = (&row.intent, &row.outcome);
    let tokens = outcome.usage.unwrap_or_default();
    // Journals of before do not know it.
    let request = if intent.request == 0 { intent.attempt_id } else { intent.request };
    values.extend([
        uuid(intent.attempt_id).into(),
        Value::Bytes((request != intent.attempt_id).then(|| uuid(request))),
        if request_of_own_id(&intent.request_id) == Some(request) { Value::String(None) } else { text(&intent.request_id) },
        i64::from(intent.attempt).into(),
        intent.started_at.into(),
        text(&intent.key_id),
        intent.operation.name().into(),
        text(&intent.virtual_model),
        text(&intent.provider),
        text(&intent.provider_model),
        intent.stream.into(),
        status_name(outcome.status).into(),
        i64::from(outcome.http_status).into(),
        outcome.fault.as_deref().map_or(Value::String(None), text),
    ]);
    let counts = [
        tokens.input,
        tokens.cache_read,
        tokens.cache_write,
        tokens.cache_write_1h,
        tokens.output,
        tokens.reasoning,
        tokens.audio_input,
        tokens.audio_output,
        tokens.total,
    ];
    values.extend(counts.map(|count| Value::BigInt(count.map(bounded))));
    values.extend([
        outcome.usage_estimated.into(),
        micros(outcome.latency).into(),
        Value::BigInt(outcome.first_token.map(micros)),
        micros(outcome.upstream).into(),
        losses(&outcome.losses),
    ]);
}

/// PostgreSQL's text cannot hold NUL, and a row that is refused for ever would hold up all behind it.
fn text(text: &str) -> Value {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

fn losses(losses: &[String]) -> Value {
    if losses.is_empty() { Value::String(None) } else { serde_json::Value::from(losses.to_vec()).to_string().into() }
}

/// No provider counts so many tokens in earnest; more would make the sums overflow.
const MOST_TOKENS: i64 = 1 << 40;

fn bounded(count: u64) -> i64 {
    i64::try_from(count).map_or(MOST_TOKENS, |count| count.min(MOST_TOKENS))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
