use super::*;
use crate::testing::{intent, on_each_database, outcome};
use crate::usage::GroupBy;
use chat::{Operation, Usage};
use gateway::ports::{OutcomeStatus, own_request_id};
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

fn failed(mut row: UsageRow) -> UsageRow {
    row.outcome.status = OutcomeStatus::Failed;
    row.outcome.usage = None;
    row
}

/// Six requests: 0 succeeded, 1 refused, 2 failed and then succeeded elsewhere, 3 cancelled, 4 embeddings of the other key, 5 the next day.
fn six() -> Vec<UsageRow> {
    let mut refused = failed(attempt(1, 0));
    (refused.intent.provider, refused.intent.provider_model) = (String::new(), String::new());
    let failed = failed(attempt(2, 1));
    let mut saved = attempt(2, 2);
    saved.intent.provider = "azure".into();
    let mut cancelled = attempt(3, 1);
    cancelled.outcome.status = OutcomeStatus::Cancelled;
    let mut other = attempt(4, 1);
    (other.intent.key_id, other.intent.virtual_model) = ("key-2".into(), "my-embed".into());
    other.intent.operation = Operation::Embeddings;
    vec![attempt(0, 1), refused, saved, failed, cancelled, other, attempt(24 * 60, 1)]
}

/// As callers get them that give no `x-request-id` of their own; the second request is of one that gives what looks as if it were the first's.
#[tokio::test]
async fn requests_are_found_by_ids_made_here() {
    on_each_database(async |store| {
        let mut rows = [failed(attempt(0, 1)), attempt(0, 2), attempt(1, 1), attempt(2, 1)];
        rows.iter_mut().for_each(|row| row.intent.request_id = own_request_id(row.intent.request));
        rows[2].intent.request_id = own_request_id(id(0, 0));
        store.usage().insert(&rows).await.unwrap();
        let list = store.usage().list(None, 10).await.unwrap();
        assert_eq!(list.iter().rev().cloned().collect::<Vec<_>>(), rows, "nothing is lost on the way");
        let named = |request| RequestFilter { request_id: Some(own_request_id(request)), ..RequestFilter::default() };
        assert_eq!(minutes(store, named(id(0, 0))).await, [1, 0]);
        assert_eq!(minutes(store, named(id(2, 0))).await, [2]);
        assert_eq!(minutes(store, named(id(1, 0))).await, Vec::<i64>::new());
        assert_eq!(store.requests().find(&own_request_id(id(0, 0))).await.unwrap(), Some(id(1, 0)), "the newest one");
        assert_eq!(store.requests().find(&own_request_id(id(2, 0))).await.unwrap(), Some(id(2, 0)));
        let sums = store.usage().grouped(GroupBy::Key, &named(id(0, 0)), None, 10).await.unwrap();
        assert_eq!((sums[0].requests, sums[0].attempts), (2, 3));
        let first = store.requests().page(&named(id(0, 0)), None, 1).await.unwrap();
        let second = store.requests().page(&named(id(0, 0)), first.next, 1).await.unwrap();
        assert_eq!((first.next, second.rows[0].attempts, second.next), (Some(id(1, 0)), 2, None));
    })
    .await;
}

/// R44: where little passes a filter, a page ends before it is full, and the next ones find the rest, each row once.
#[tokio::test]
async fn a_page_reads_so_many_rows_and_no_more() {
    on_each_database(async |store| {
        let mut rows = Vec::new();
        for minute in 0..60_000 {
            let mut row = if minute == 3 { failed(attempt(minute, 1)) } else { attempt(minute, 1) };
            if [3, 4, 55_000, 59_999].contains(&minute) {
                row.intent.key_id = "rare".into();
            }
            rows.push(row);
        }
        let mut again = attempt(3, 2);
        again.intent.key_id = "rare".into();
        rows.push(again);
        for batch in rows.chunks(10_000) {
            store.usage().insert(batch).await.unwrap();
        }
        let rare = RequestFilter { key_id: Some("rare".into()), ..RequestFilter::default() };
        let first = store.requests().page(&rare, None, 100).await.unwrap();
        let minutes = |page: &RequestPage| page.rows.iter().map(|row| (row.started_at - MIDNIGHT) / MINUTE).collect::<Vec<_>>();
        assert_eq!(minutes(&first), [59_999, 55_000]);
        assert!(first.next.is_some(), "there are rows that were not looked at");
        let second = store.requests().page(&rare, first.next, 100).await.unwrap();
        assert_eq!((minutes(&second), second.rows[1].attempts, second.next), (vec![4, 3], 2, None));
        let nobody = RequestFilter { key_id: Some("nobody".into()), ..RequestFilter::default() };
        let nothing = store.requests().page(&nobody, None, 100).await.unwrap();
        assert!(nothing.rows.is_empty() && nothing.next.is_some());
    })
    .await;
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
        let again = |minute: i64| minute % 3 == 0;
        let first = |minute| if again(minute) { failed(attempt(minute, 1)) } else { attempt(minute, 1) };
        let mut rows: Vec<_> = (0..40).map(first).collect();
        rows.extend((0..40).filter(|minute| again(*minute)).map(|minute| attempt(minute, 2)));
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

/// R44: every page comes from an index, in its order: nothing is scanned whole and nothing sorted.
#[tokio::test]
async fn pages_read_no_table_whole() {
    on_each_database(async |store| {
        let rows: Vec<_> = (0..2_000).map(|minute| attempt(minute, 1)).collect();
        store.usage().insert(&rows).await.unwrap();
        let text = |text: &str| Some(text.to_owned());
        let all = RequestFilter::default();
        let filters = [
            (all.clone(), PRIMARY),
            (RequestFilter { from: Some(MIDNIGHT), to: Some(MIDNIGHT + MINUTE), ..all.clone() }, PRIMARY),
            (RequestFilter { key_id: text("key-9"), ..all.clone() }, PRIMARY),
            (RequestFilter { request_id: text("req-5"), ..all.clone() }, "usage_request_id"),
            (RequestFilter { request_id: Some(own_request_id(5)), ..all.clone() }, PRIMARY),
            (RequestFilter { only_errors: true, ..all.clone() }, "usage_errors"),
            (RequestFilter { status: Some(OutcomeStatus::Truncated), ..all.clone() }, "usage_errors"),
        ];
        let within = (Some(id(1_000, 0)), Some(id(1_500, 0)));
        for (filter, index) in filters {
            // An id that was made here is in no other row.
            let name = *filter.names().last().unwrap();
            let first = plan_of(store, store.requests().part_statement(&filter, (Part::First, name), within, 50)).await;
            let later = plan_of(store, store.requests().part_statement(&filter, (Part::Later, name), within, 50)).await;
            assert!(reads(&first, index), "{filter:?}: {first}");
            // Of one x-request-id there are few later attempts: these may be sorted.
            let later = if index == "usage_request_id" { later.replace("B-TREE FOR ORDER", "") } else { later };
            assert!(["usage_later", index].iter().any(|index| reads(&later, index)), "{filter:?}: {later}");
            if !matches!(name, Name::Own(_)) {
                let stretch = plan_of(store, store.requests().stretch_statement(&filter, within.1, 50)).await;
                assert!(reads(&stretch, index), "{filter:?}: {stretch}");
            }
        }
    })
    .await;
}

/// The index of the ids: in SQLite the table itself.
const PRIMARY: &str = "primary";

/// Whether the plan reads the usage through this index, and nowhere all of it.
fn reads(plan: &str, index: &str) -> bool {
    let names = if index == PRIMARY { ["PRIMARY KEY", "usage_by_id"] } else { [index, index] };
    // A name may be the beginning of another one.
    let named = |line: &str| names.iter().any(|name| line.split([' ', '(']).collect::<Vec<_>>().join(" ").contains(&format!("{name} ")));
    let whole = |line: &str| line.contains("SCAN u") || line.contains("Seq Scan on usage u") || line.contains("B-TREE FOR ORDER");
    plan.lines().any(|line| named(&format!("{line} "))) && !plan.lines().any(whole)
}

/// Sums read no more than the rows of their range.
#[tokio::test]
async fn sums_read_their_range_only() {
    on_each_database(async |store| {
        store.usage().insert(&(0..2_000).map(|minute| attempt(minute, 1)).collect::<Vec<_>>()).await.unwrap();
        let range = RequestFilter { from: Some(MIDNIGHT), to: Some(MIDNIGHT + MINUTE), ..RequestFilter::default() };
        for by in [GroupBy::Day, GroupBy::Model, GroupBy::Provider, GroupBy::Key] {
            let plan = plan_of(store, store.usage().grouped_statement(by, &range, None, 50)).await;
            assert!(reads(&plan, PRIMARY) && reads(&plan, "usage_later"), "{by:?}: {plan}");
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
        if statement.sql.contains(" DESC LIMIT ") {
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
