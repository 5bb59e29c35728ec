use super::*;
use crate::testing::{intent, on_each_database, outcome};
use crate::usage::GroupBy;
use chat::{Operation, Usage};
use gateway::ports::OutcomeStatus;
use sea_orm::ConnectionTrait;

/// 2026-11-22T00:00:00Z
const MIDNIGHT: i64 = 1_795_305_600_000_000;
const MINUTE: i64 = 60_000_000;

/// The id of the attempt that began so many minutes after midnight.
fn id(minute: i64, tail: u128) -> u128 {
    (u128::try_from((MIDNIGHT + minute * MINUTE) / 1_000).unwrap() << 80) | (7 << 76) | tail
}

fn attempt(minute: i64, number: u32) -> UsageRow {
    let mut row = UsageRow { intent: intent(id(minute, u128::from(number.saturating_sub(1)))), outcome: outcome(10) };
    row.intent.request = id(minute, 0);
    row.intent.request_id = format!("req-{minute}");
    row.intent.attempt = number;
    row.intent.started_at = MIDNIGHT + minute * MINUTE + i64::from(number);
    row
}

/// Six requests: 0 succeeded, 1 refused, 2 failed and then succeeded elsewhere, 3 cancelled, 4 embeddings of the other key, 5 the next day.
fn six() -> Vec<UsageRow> {
    let mut refused = attempt(1, 0);
    (refused.intent.provider, refused.intent.provider_model) = (String::new(), String::new());
    refused.outcome.status = OutcomeStatus::Failed;
    refused.outcome.usage = None;
    let mut failed = attempt(2, 1);
    failed.outcome.status = OutcomeStatus::Failed;
    failed.outcome.usage = None;
    let mut saved = attempt(2, 2);
    saved.intent.provider = "azure".into();
    let mut cancelled = attempt(3, 1);
    cancelled.outcome.status = OutcomeStatus::Cancelled;
    let mut other = attempt(4, 1);
    (other.intent.key_id, other.intent.virtual_model) = ("key-2".into(), "my-embed".into());
    other.intent.operation = Operation::Embeddings;
    vec![attempt(0, 1), refused, saved, failed, cancelled, other, attempt(24 * 60, 1)]
}

async fn minutes(store: &Store, filter: RequestFilter) -> Vec<i64> {
    let page = store.requests().page(&filter, None, 100).await.unwrap();
    assert_eq!(page.next, None);
    page.rows.iter().map(|row| (row.started_at - MIDNIGHT) / MINUTE).collect()
}

/// R35: one row a request, its last attempt's, with the number of attempts; a refused one has none.
#[tokio::test]
async fn a_request_is_one_row() {
    on_each_database(async |store| {
        store.usage().insert(&six()).await.unwrap();
        let rows = store.requests().page(&RequestFilter::default(), None, 100).await.unwrap().rows;
        let seen: Vec<_> = rows.iter().map(|row| (row.attempts, row.last.intent.provider.as_str(), row.last.outcome.status)).collect();
        let good = OutcomeStatus::Succeeded;
        let expected = [
            (1, "openai-main", good),
            (1, "openai-main", good),
            (1, "openai-main", OutcomeStatus::Cancelled),
            (2, "azure", good),
            (0, "", OutcomeStatus::Failed),
            (1, "openai-main", good),
        ];
        assert_eq!(seen, expected);
        assert_eq!((rows[3].request, rows[3].started_at), (id(2, 0), MIDNIGHT + 2 * MINUTE + 1), "it began with its first attempt");
        let attempts = store.requests().get(id(2, 0)).await.unwrap();
        assert_eq!(attempts.iter().map(|row| row.intent.attempt).collect::<Vec<_>>(), [1, 2]);
        assert!(store.requests().get(77).await.unwrap().is_empty());
        assert_eq!(store.requests().find("req-2").await.unwrap(), Some(id(2, 0)));
        assert_eq!(store.requests().find("nobody's").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn every_filter_narrows_the_list() {
    on_each_database(async |store| {
        store.usage().insert(&six()).await.unwrap();
        let all = RequestFilter::default();
        let text = |text: &str| Some(text.to_owned());
        let cases = [
            (RequestFilter { from: Some(MIDNIGHT + 2 * MINUTE), ..all.clone() }, vec![1440, 4, 3, 2]),
            (RequestFilter { to: Some(MIDNIGHT + 2 * MINUTE), ..all.clone() }, vec![1, 0]),
            (RequestFilter { key_id: text("key-2"), ..all.clone() }, vec![4]),
            (RequestFilter { virtual_model: text("my-gpt4"), ..all.clone() }, vec![1440, 3, 2, 1, 0]),
            (RequestFilter { provider: text("azure"), ..all.clone() }, vec![2]),
            (RequestFilter { provider: text(""), ..all.clone() }, vec![1]),
            (RequestFilter { status: Some(OutcomeStatus::Failed), ..all.clone() }, vec![1]),
            (RequestFilter { status: Some(OutcomeStatus::Succeeded), ..all.clone() }, vec![1440, 4, 2, 0]),
            (RequestFilter { operation: Some(Operation::Embeddings), ..all.clone() }, vec![4]),
            (RequestFilter { request_id: text("req-3"), ..all.clone() }, vec![3]),
            (RequestFilter { only_errors: true, ..all.clone() }, vec![3, 1]),
            (RequestFilter { only_errors: true, from: Some(MIDNIGHT + 3 * MINUTE), key_id: text("key-1"), ..all.clone() }, vec![3]),
            (RequestFilter { from: Some(i64::MIN), to: Some(i64::MAX), key_id: text("key-2"), ..all.clone() }, vec![4]),
        ];
        for (filter, expected) in cases {
            assert_eq!(minutes(store, filter.clone()).await, expected, "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn pages_join_without_gap_or_repetition() {
    on_each_database(async |store| {
        let mut rows: Vec<_> = (0..40).map(|minute| attempt(minute, 1)).collect();
        rows.extend((0..40).step_by(3).map(|minute| attempt(minute, 2)));
        store.usage().insert(&rows).await.unwrap();
        for limit in [1, 7, 39, 40, 41] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = store.requests().page(&RequestFilter::default(), after, limit).await.unwrap();
                assert!(page.rows.len() as u64 <= limit);
                seen.extend(page.rows.iter().map(|row| row.request));
                let Some(next) = page.next else { break };
                after = Some(next);
            }
            assert_eq!(seen, (0..40).rev().map(|minute| id(minute, 0)).collect::<Vec<_>>(), "limit {limit}");
        }
    })
    .await;
}

/// R58: whatever a filter holds is a value and never SQL.
#[tokio::test]
async fn hostile_filters_find_nothing_and_break_nothing() {
    on_each_database(async |store| {
        store.usage().insert(&six()).await.unwrap();
        for hostile in ["' OR 1=1 --", "'; DROP TABLE usage; --", "$1", "%", "\\", "\u{202e}", "名", "\"", "x') UNION SELECT 1 --"] {
            let text = || Some(hostile.to_owned());
            for filter in [
                RequestFilter { key_id: text(), ..RequestFilter::default() },
                RequestFilter { virtual_model: text(), ..RequestFilter::default() },
                RequestFilter { provider: text(), ..RequestFilter::default() },
                RequestFilter { request_id: text(), ..RequestFilter::default() },
            ] {
                assert_eq!(minutes(store, filter).await, Vec::<i64>::new(), "{hostile}");
            }
            store.usage().grouped(GroupBy::Key, &RequestFilter::default(), Some(hostile), 10).await.unwrap();
        }
        assert_eq!(store.usage().count().await.unwrap(), 7);
    })
    .await;
}

#[tokio::test]
async fn usage_is_added_up_by_each_kind_of_group() {
    on_each_database(async |store| {
        store.usage().insert(&six()).await.unwrap();
        let all = RequestFilter::default();
        let mut seen = Vec::new();
        for by in [GroupBy::Day, GroupBy::Model, GroupBy::Provider, GroupBy::Key] {
            for group in store.usage().grouped(by, &all, None, 100).await.unwrap() {
                seen.push((group.group, group.requests, group.errors, group.attempts, group.usage.output.unwrap_or(0)));
            }
        }
        let row = |group: &str, requests, errors, attempts, output| (group.to_owned(), requests, errors, attempts, output);
        let expected = [
            row("2026-11-22", 5, 2, 5, 40),
            row("2026-11-23", 1, 0, 1, 10),
            row("my-embed", 1, 0, 1, 10),
            row("my-gpt4", 5, 2, 5, 40),
            row("", 1, 1, 0, 0),
            row("azure", 1, 0, 1, 10),
            row("openai-main", 4, 1, 5, 40),
            row("key-1", 5, 2, 5, 40),
            row("key-2", 1, 0, 1, 10),
        ];
        assert_eq!(seen, expected);
        let page = store.usage().grouped(GroupBy::Day, &all, Some("2026-11-22"), 1).await.unwrap();
        assert_eq!(page.iter().map(|group| group.group.as_str()).collect::<Vec<_>>(), ["2026-11-23"]);
        let first = store.usage().grouped(GroupBy::Provider, &all, None, 2).await.unwrap();
        let rest = store.usage().grouped(GroupBy::Provider, &all, Some(&first[1].group), 2).await.unwrap();
        assert_eq!((first.len(), rest.len(), rest[0].group.as_str()), (2, 1, "openai-main"));
        assert_eq!(rest[0].usage, Usage { input: Some(44), cache_read: Some(0), output: Some(40), ..Usage::default() });
    })
    .await;
}

/// Counts that no provider means in earnest do not make the sums fail.
#[tokio::test]
async fn absurd_counts_can_be_added_up() {
    on_each_database(async |store| {
        let mut rows: Vec<_> = (0..4).map(|minute| attempt(minute, 1)).collect();
        rows.iter_mut().for_each(|row| row.outcome.usage = Some(Usage { output: Some(u64::MAX), ..Usage::default() }));
        store.usage().insert(&rows).await.unwrap();
        let sums = store.usage().grouped(GroupBy::Key, &RequestFilter::default(), None, 10).await.unwrap();
        assert_eq!(sums[0].usage.output, Some(4 << 40));
    })
    .await;
}

#[tokio::test]
async fn the_last_use_of_keys_is_known() {
    on_each_database(async |store| {
        store.usage().insert(&six()).await.unwrap();
        let asked: Vec<_> = ["key-2", "key-1", "nobody"].map(str::to_owned).into();
        let used = store.usage().last_used(&asked).await.unwrap();
        assert_eq!(used.len(), 2);
        assert_eq!((used["key-1"], used["key-2"]), (MIDNIGHT + 1440 * MINUTE + 1, MIDNIGHT + 4 * MINUTE + 1));
        assert!(store.usage().last_used(&[]).await.unwrap().is_empty());
    })
    .await;
}

/// R44: the first page of every list comes from an index, in its order: nothing is scanned whole and nothing sorted.
#[tokio::test]
async fn first_pages_read_no_table_whole() {
    on_each_database(async |store| {
        let rows: Vec<_> = (0..2_000).map(|minute| attempt(minute, 1)).collect();
        store.usage().insert(&rows).await.unwrap();
        let text = |text: &str| Some(text.to_owned());
        let all = RequestFilter::default();
        let filters = [
            (all.clone(), ["usage_request"].as_slice()),
            (RequestFilter { from: Some(MIDNIGHT), to: Some(MIDNIGHT + MINUTE), ..all.clone() }, &["usage_request"]),
            (RequestFilter { key_id: text("key-9"), ..all.clone() }, &["usage_key"]),
            (RequestFilter { virtual_model: text("rare"), ..all.clone() }, &["usage_virtual_model"]),
            (RequestFilter { provider: text("rare"), ..all.clone() }, &["usage_provider"]),
            (RequestFilter { request_id: text("req-5"), ..all.clone() }, &["usage_request_id"]),
            (RequestFilter { only_errors: true, ..all.clone() }, &["usage_errors"]),
            (RequestFilter { status: Some(OutcomeStatus::Truncated), ..all.clone() }, &["usage_errors"]),
        ];
        for (filter, indexes) in filters {
            let plan = plan_of(store, store.requests().page_statement(&filter, Some(id(1_500, 0)), 50)).await;
            assert!(
                indexes.iter().any(|index| plan.contains(&format!("{index} ")) || plan.contains(&format!("{index}\n"))),
                "{filter:?}: {plan}"
            );
            assert!(!plan.contains("SCAN u\n") && !plan.contains("Seq Scan"), "{filter:?}: {plan}");
        }
    })
    .await;
}

/// Sums read no more than the rows of their range or their key.
#[tokio::test]
async fn sums_read_their_range_only() {
    on_each_database(async |store| {
        store.usage().insert(&(0..2_000).map(|minute| attempt(minute, 1)).collect::<Vec<_>>()).await.unwrap();
        let range = RequestFilter { from: Some(MIDNIGHT), to: Some(MIDNIGHT + MINUTE), ..RequestFilter::default() };
        let of_key = RequestFilter { key_id: Some("key-9".into()), ..RequestFilter::default() };
        for by in [GroupBy::Day, GroupBy::Model, GroupBy::Provider, GroupBy::Key] {
            for (filter, index) in [(&range, "usage_request"), (&of_key, "usage_key")] {
                let plan = plan_of(store, store.usage().grouped_statement(by, filter, None, 50)).await;
                assert!(plan.contains(index) && !plan.contains("SCAN u\n") && !plan.contains("Seq Scan"), "{by:?} {filter:?}: {plan}");
            }
        }
    })
    .await;
}

/// R44: pages of a long list; run by hand: `cargo test -p store pages_of_a_million -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn pages_of_a_million_rows() {
    on_each_database(async |store| {
        for chunk in 0..250i64 {
            let rows: Vec<_> = (0..4_000i64)
                .map(|step| {
                    let number = chunk * 4_000 + step;
                    let mut row = attempt(number / 100, 1);
                    row.intent.attempt_id = id(number / 100, 1 + u128::try_from(number).unwrap());
                    row.intent.request = row.intent.attempt_id;
                    row.intent.request_id = format!("req_{:032x}", row.intent.attempt_id);
                    row.intent.key_id = if number % 50_000 == 7 { "rare".into() } else { format!("key-{}", number % 100) };
                    row.intent.virtual_model = format!("model-{}", number % 7);
                    if number % 97 == 0 {
                        row.outcome.status = OutcomeStatus::Failed;
                    }
                    row
                })
                .collect();
            store.usage().insert(&rows).await.unwrap();
        }
        let text = |text: &str| Some(text.to_owned());
        let all = RequestFilter::default();
        let filters = [
            all.clone(),
            RequestFilter { key_id: text("key-3"), ..all.clone() },
            RequestFilter { key_id: text("rare"), ..all.clone() },
            RequestFilter { virtual_model: text("model-3"), only_errors: true, ..all.clone() },
            RequestFilter { only_errors: true, ..all.clone() },
            RequestFilter { request_id: text("nobody"), ..all.clone() },
            RequestFilter { operation: Some(Operation::Embeddings), from: Some(MIDNIGHT + 9_000 * MINUTE), ..all.clone() },
        ];
        for filter in filters {
            let begun = std::time::Instant::now();
            let page = store.requests().page(&filter, None, 100).await.unwrap();
            println!("{store:?} {} rows in {:?}: {filter:?}", page.rows.len(), begun.elapsed());
        }
        for by in [GroupBy::Day, GroupBy::Key] {
            let begun = std::time::Instant::now();
            let groups = store.usage().grouped(by, &all, None, 1_000).await.unwrap();
            println!("{store:?} {} groups of everything by {by:?} in {:?}", groups.len(), begun.elapsed());
        }
    })
    .await;
}

async fn plan_of(store: &Store, mut statement: Statement) -> String {
    let postgres = store.backend() == sea_orm::DbBackend::Postgres;
    statement.sql = format!("{} {}", if postgres { "EXPLAIN" } else { "EXPLAIN QUERY PLAN" }, statement.sql);
    let tx = store.begin().await.unwrap();
    if postgres {
        // The table is small enough for PostgreSQL to prefer reading it whole: what it could do is asked.
        tx.execute_unprepared("ANALYZE usage").await.unwrap();
        tx.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
        if statement.sql.contains("ORDER BY u.request") {
            // A page must come in its order out of an index.
            tx.execute_unprepared("SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off").await.unwrap();
        }
    }
    let lines = tx.query_all_raw(statement).await.unwrap();
    let mut plan = String::new();
    for line in lines {
        plan += &line.try_get_by_index::<String>(if postgres { 0 } else { 3 }).unwrap();
        plan.push('\n');
    }
    store.commit(tx).await.unwrap();
    plan
}
