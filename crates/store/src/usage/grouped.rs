//! Sums over usage rows: by day, model, provider or key.

use super::UsageRows;
use crate::StoreError;
use crate::requests::filter::{Conditions, Part, RequestFilter};
use chat::Usage;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

/// What the rows are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Days of UTC, by the beginning of the attempt.
    Day,
    /// The virtual model.
    Model,
    /// The provider's name; empty for requests that reached none.
    Provider,
    /// The key's id.
    Key,
}

/// The sums of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageGroup {
    /// The day as `2026-11-22`, or the name.
    pub group: String,
    /// Requests whose last attempt is in this group; refused ones included.
    pub requests: u64,
    /// Those of them that did not succeed.
    pub errors: u64,
    /// Calls of providers.
    pub attempts: u64,
    /// Tokens of all attempts: failed ones may have cost some too.
    pub usage: Usage,
}

const DAY: i64 = 86_400_000_000;
const TOKENS: [&str; 9] = [
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "audio_input_tokens",
    "audio_output_tokens",
    "total_tokens",
];

impl GroupBy {
    const fn column(self) -> &'static str {
        match self {
            GroupBy::Day => "u.started_at / 86400000000",
            GroupBy::Model => "u.virtual_model",
            GroupBy::Provider => "u.provider",
            GroupBy::Key => "u.key_id",
        }
    }

    /// Narrows the rows to the groups after this one.
    fn after(self, group: &str, conditions: &mut Conditions) {
        match self {
            GroupBy::Day => {
                let next = day_number(group).map_or(0, |day| day.saturating_add(1).saturating_mul(DAY));
                conditions.and("u.started_at", ">=", next.into());
            }
            GroupBy::Model => conditions.and("u.virtual_model", ">", group.into()),
            GroupBy::Provider => conditions.and("u.provider", ">", group.into()),
            GroupBy::Key => conditions.and("u.key_id", ">", group.into()),
        }
    }
}

impl UsageRows<'_> {
    /// At most `limit` groups of the rows that pass the filter, in the order of their days or names, after the group `after`.
    pub async fn grouped(
        &self,
        by: GroupBy,
        filter: &RequestFilter,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<UsageGroup>, StoreError> {
        let doing = "adding up the usage";
        let found = self.store.reader().query_all_raw(self.grouped_statement(by, filter, after, limit)).await;
        let found = found.map_err(StoreError::database(doing))?;
        found.iter().map(|row| read(by, row)).collect::<Result<_, _>>().map_err(StoreError::database(doing))
    }

    pub(crate) fn grouped_statement(&self, by: GroupBy, filter: &RequestFilter, after: Option<&str>, limit: u64) -> Statement {
        let (mut parts, mut values) = (Vec::new(), Vec::new());
        for name in filter.names() {
            for part in Part::ALL {
                let mut conditions = Conditions::of(filter, part, name, values);
                if let Some(after) = after {
                    by.after(after, &mut conditions);
                }
                let (clause, bound) = conditions.finish();
                values = bound;
                parts.push(format!(
                    "SELECT {group} AS name, CASE WHEN {is_last} THEN 1 ELSE 0 END AS ended, \
                     CASE WHEN u.status = 'succeeded' THEN 0 ELSE 1 END AS failed, CASE WHEN u.attempt > 0 THEN 1 ELSE 0 END AS called, {tokens} \
                     FROM usage AS u WHERE {clause}",
                    group = by.column(),
                    is_last = part.is_last(),
                    tokens = TOKENS.map(|column| format!("u.{column}")).join(", "),
                ));
            }
        }
        values.push(Value::BigInt(Some(i64::try_from(limit).unwrap_or(i64::MAX))));
        let sql = format!(
            "SELECT r.name, CAST(SUM(r.ended) AS BIGINT), CAST(SUM(r.ended * r.failed) AS BIGINT), CAST(SUM(r.called) AS BIGINT), {sums} \
             FROM ({rows}) AS r GROUP BY 1 ORDER BY 1 LIMIT ${limit}",
            sums = TOKENS.map(|column| format!("CAST(SUM(r.{column}) AS BIGINT)")).join(", "),
            rows = parts.join(" UNION ALL "),
            limit = values.len(),
        );
        Statement::from_sql_and_values(self.store.backend(), sql, values)
    }
}

fn read(by: GroupBy, row: &QueryResult) -> Result<UsageGroup, DbErr> {
    let count = |index: usize| row.try_get_by_index::<Option<i64>>(index).map(|sum| sum.map(i64::unsigned_abs));
    let group = match by {
        GroupBy::Day => day_text(row.try_get_by_index(0)?),
        _ => row.try_get_by_index(0)?,
    };
    let usage = Usage {
        input: count(4)?,
        cache_read: count(5)?,
        cache_write: count(6)?,
        cache_write_1h: count(7)?,
        output: count(8)?,
        reasoning: count(9)?,
        audio_input: count(10)?,
        audio_output: count(11)?,
        total: count(12)?,
    };
    let (requests, errors, attempts) = (count(1)?.unwrap_or(0), count(2)?.unwrap_or(0), count(3)?.unwrap_or(0));
    Ok(UsageGroup { group, requests, errors, attempts, usage })
}

fn day_text(day: i64) -> String {
    jiff::Timestamp::from_microsecond(day.saturating_mul(DAY)).unwrap_or_default().strftime("%Y-%m-%d").to_string()
}

fn day_number(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.parse().ok()?;
    date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|moment| moment.timestamp().as_microsecond().div_euclid(DAY))
}
