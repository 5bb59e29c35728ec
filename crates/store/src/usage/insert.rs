//! Many rows in few statements. The statements have a handful of fixed sizes, so that each is prepared once per connection and reused.

use super::{UsageRow, status_name};
use crate::{Store, StoreError};
use chat::Usage;
use gateway::ports::request_of_own_id;
use sea_orm::sqlx::error::BoxDynError;
use sea_orm::sqlx::postgres::PgQueryResult;
use sea_orm::sqlx::sqlite::SqliteQueryResult;
use sea_orm::sqlx::{Arguments, Database, Encode, Executor, IntoArguments, Pool, Type, query_with};
use sea_orm::{DbBackend, DbErr, RuntimeErr, SqlxError};
use std::fmt::Write;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

#[rustfmt::skip]
const COLUMNS: [&str; 28] = [
    "attempt_id", "request", "request_id", "attempt", "started_at", "key_id", "operation", "virtual_model", "provider", "provider_model", "stream",
    "status", "http_status", "fault", "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "audio_input_tokens", "audio_output_tokens", "total_tokens", "usage_estimated", "latency_us", "first_token_us",
    "upstream_us", "losses",
];
/// About so much do a row's values hold.
const ROW_BYTES: usize = 256;
/// Rows a statement, largest first. 256 rows are 7,168 parameters: SQLite takes 32,766, PostgreSQL 65,535.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// Straight to the driver: on the way through the other layer each text is copied three times, which costs as much as the row itself.
pub(super) async fn insert(store: &Store, rows: &[UsageRow]) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let writer = store.writer();
    let written = match store.backend() {
        DbBackend::Postgres => {
            let pool = writer.get_postgres_connection_pool();
            write(pool, "BEGIN", statements(DbBackend::Postgres), rows, PgQueryResult::rows_affected).await
        }
        backend => {
            let pool = writer.get_sqlite_connection_pool();
            write(pool, "BEGIN IMMEDIATE", statements(backend), rows, SqliteQueryResult::rows_affected).await
        }
    };
    written.map_err(|error| StoreError::database("writing usage rows")(DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))))
}

/// All of them in one transaction. Returns how many were new.
async fn write<DB>(
    pool: &Pool<DB>,
    begin: &'static str,
    statements: &'static [String; SIZES.len()],
    mut rest: &[UsageRow],
    rows_affected: fn(&DB::QueryResult) -> u64,
) -> Result<u64, SqlxError>
where
    DB: Database,
    DB::Arguments: Bound + IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let mut tx = pool.begin_with(begin).await?;
    let mut new = 0;
    for (size, sql) in SIZES.iter().zip(statements) {
        while let Some((chunk, after)) = rest.split_at_checked(*size) {
            let mut values = DB::Arguments::default();
            values.reserve(size * COLUMNS.len(), size * ROW_BYTES);
            chunk.iter().try_for_each(|row| bind(&mut values, row)).map_err(SqlxError::Encode)?;
            new += rows_affected(&query_with(sql.as_str(), values).execute(&mut *tx).await?);
            rest = after;
        }
    }
    tx.commit().await?;
    Ok(new)
}

/// Arguments that take what a row is made of.
trait Bound: Arguments {
    fn text(&mut self, value: Option<&str>) -> Result<(), BoxDynError>;
    fn bytes(&mut self, value: Option<&[u8]>) -> Result<(), BoxDynError>;
    fn number(&mut self, value: Option<i64>) -> Result<(), BoxDynError>;
    fn truth(&mut self, value: bool) -> Result<(), BoxDynError>;
}

impl<A> Bound for A
where
    A: Arguments,
    for<'t> Option<&'t str>: Encode<'t, A::Database> + Type<A::Database>,
    for<'t> Option<&'t [u8]>: Encode<'t, A::Database> + Type<A::Database>,
    for<'t> Option<i64>: Encode<'t, A::Database> + Type<A::Database>,
    for<'t> bool: Encode<'t, A::Database> + Type<A::Database>,
{
    /// PostgreSQL's text cannot hold NUL, and a row that is refused for ever would hold up all behind it.
    fn text(&mut self, value: Option<&str>) -> Result<(), BoxDynError> {
        match value {
            Some(text) if text.contains('\0') => self.add(Some(text.replace('\0', "\u{fffd}").as_str())),
            other => self.add(other),
        }
    }

    fn bytes(&mut self, value: Option<&[u8]>) -> Result<(), BoxDynError> {
        self.add(value)
    }

    fn number(&mut self, value: Option<i64>) -> Result<(), BoxDynError> {
        self.add(value)
    }

    fn truth(&mut self, value: bool) -> Result<(), BoxDynError> {
        self.add(value)
    }
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
fn bind(values: &mut impl Bound, row: &UsageRow) -> Result<(), BoxDynError> {
    let (intent, outcome) = (&row.intent, &row.outcome);
    // Journals of before do not know it.
    let request = if intent.request == 0 { intent.attempt_id } else { intent.request };
    values.bytes(Some(&intent.attempt_id.to_be_bytes()))?;
    values.bytes((request != intent.attempt_id).then_some(&request.to_be_bytes()))?;
    values.text((request_of_own_id(&intent.request_id) != Some(request)).then_some(&intent.request_id))?;
    values.number(Some(intent.attempt.into()))?;
    values.number(Some(intent.started_at))?;
    values.text(Some(&intent.key_id))?;
    values.text(Some(intent.operation.name()))?;
    values.text(Some(&intent.virtual_model))?;
    values.text(Some(&intent.provider))?;
    values.text(Some(&intent.provider_model))?;
    values.truth(intent.stream)?;
    values.text(Some(status_name(outcome.status)))?;
    values.number(Some(outcome.http_status.into()))?;
    values.text(outcome.fault.as_deref())?;
    bind_tokens(values, outcome.usage.unwrap_or_default())?;
    values.truth(outcome.usage_estimated)?;
    values.number(Some(micros(outcome.latency)))?;
    values.number(outcome.first_token.map(micros))?;
    values.number(Some(micros(outcome.upstream)))?;
    values.text(losses(&outcome.losses).as_deref())
}

fn bind_tokens(values: &mut impl Bound, tokens: Usage) -> Result<(), BoxDynError> {
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
    counts.into_iter().try_for_each(|count| values.number(count.map(bounded)))
}

fn losses(losses: &[String]) -> Option<String> {
    (!losses.is_empty()).then(|| serde_json::Value::from(losses.to_vec()).to_string())
}

/// No provider counts so many tokens in earnest; more would make the sums overflow.
const MOST_TOKENS: i64 = 1 << 40;

fn bounded(count: u64) -> i64 {
    i64::try_from(count).map_or(MOST_TOKENS, |count| count.min(MOST_TOKENS))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
