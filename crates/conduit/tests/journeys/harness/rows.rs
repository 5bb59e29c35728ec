//! The usage rows, read from the database behind the gateway's back.

use sea_orm::{ConnectionTrait, Database, Statement};
use std::time::{Duration, Instant};

/// One row, as far as journeys look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub request_id: String,
    pub attempt: i64,
    pub provider: String,
    pub status: String,
    pub http_status: i64,
    pub fault: Option<String>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub usage_estimated: bool,
}

/// Every row, oldest first.
pub(crate) fn rows(url: &str) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = Database::connect(url).await.unwrap();
        let sql =
            "SELECT attempt_id, request, request_id, attempt, provider, status, http_status, fault, input_tokens, output_tokens, usage_estimated FROM usage ORDER BY started_at, attempt";
        let found = database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await.unwrap();
        let rows = found.iter().map(|row| Row {
            request_id: request_id(row),
            attempt: row.try_get("", "attempt").unwrap(),
            provider: row.try_get("", "provider").unwrap(),
            status: row.try_get("", "status").unwrap(),
            http_status: row.try_get("", "http_status").unwrap(),
            fault: row.try_get("", "fault").unwrap(),
            input_tokens: row.try_get("", "input_tokens").unwrap(),
            output_tokens: row.try_get("", "output_tokens").unwrap(),
            usage_estimated: row.try_get("", "usage_estimated").unwrap(),
        });
        let rows = rows.collect();
        database.close().await.unwrap();
        rows
    })
}

/// What the caller saw: where the gateway made it, it is the id of the request, which is that of its first row.
fn request_id(row: &sea_orm::QueryResult) -> String {
    let given: Option<String> = row.try_get("", "request_id").unwrap();
    given.unwrap_or_else(|| {
        let later: Option<Vec<u8>> = row.try_get("", "request").unwrap();
        let request = later.unwrap_or_else(|| row.try_get("", "attempt_id").unwrap());
        format!("req_{}", request.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    })
}

/// The rows once they satisfy the condition: the journal reaches the database in batches.
pub(crate) fn rows_once(url: &str, what: &str, mut satisfied: impl FnMut(&[Row]) -> bool) -> Vec<Row> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let rows = rows(url);
        if satisfied(&rows) {
            return rows;
        }
        assert!(Instant::now() < deadline, "{what}: {rows:#?}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// The rows of one request, once there are `count`; fails where there are more.
pub(crate) fn rows_of(url: &str, request_id: &str, count: usize) -> Vec<Row> {
    let of = |rows: &[Row]| rows.iter().filter(|row| row.request_id == request_id).cloned().collect::<Vec<_>>();
    let rows = rows_once(url, &format!("{count} rows of {request_id}"), |rows| of(rows).len() >= count);
    let found = of(&rows);
    assert_eq!(found.len(), count, "{found:#?}");
    found
}
