use super::*;
use crate::testing::{intent, on_each_database, outcome};
use chat::{Operation, Usage};

fn row(attempt_id: u128) -> UsageRow {
    UsageRow { intent: intent(attempt_id), outcome: outcome(22) }
}

/// Every field that the ports have; written out, so that a new one that has no column yet does not compile here.
fn full(attempt_id: u128) -> UsageRow {
    let intent = Intent {
        attempt_id,
        request: attempt_id,
        request_id: "req".into(),
        attempt: 3,
        started_at: 1_700_000_000_123_456,
        key_id: "key".into(),
        operation: Operation::Embeddings,
        virtual_model: "virtual".into(),
        provider: "provider".into(),
        provider_model: "model".into(),
        stream: false,
    };
    let usage = Usage {
        input: Some(1),
        cache_read: Some(2),
        cache_write: Some(3),
        cache_write_1h: Some(4),
        output: Some(5),
        reasoning: Some(6),
        audio_input: Some(7),
        audio_output: Some(8),
        total: Some(9),
    };
    let outcome = Outcome {
        status: OutcomeStatus::Truncated,
        http_status: 502,
        fault: Some("provider_bad_response".into()),
        usage: Some(usage),
        usage_estimated: true,
        latency: Duration::from_micros(10),
        first_token: Some(Duration::from_micros(11)),
        upstream: Duration::from_micros(12),
        losses: vec!["a".into(), "b\"c".into()],
    };
    UsageRow { intent, outcome }
}

#[tokio::test]
async fn every_field_survives() {
    on_each_database(async |store| {
        let none = UsageRow { outcome: Outcome { usage: None, first_token: None, losses: Vec::new(), ..outcome(1) }, ..row(3) };
        let zero = UsageRow { outcome: Outcome { usage: Some(Usage { output: Some(0), ..Usage::default() }), ..outcome(1) }, ..row(2) };
        let rows = [full(4), none, zero];
        assert_eq!(store.usage().insert(&rows).await.unwrap(), 3);
        assert_eq!(store.usage().list(None, 10).await.unwrap(), rows);
        assert_eq!(store.requests().get(4).await.unwrap(), rows[..1]);
    })
    .await;
}

#[tokio::test]
async fn every_status_and_operation_survives() {
    on_each_database(async |store| {
        let statuses =
            [OutcomeStatus::Succeeded, OutcomeStatus::Failed, OutcomeStatus::Cancelled, OutcomeStatus::Truncated, OutcomeStatus::Unknown];
        let operations = [Operation::Chat, Operation::Embeddings, Operation::Models];
        let mut rows = Vec::new();
        for (number, status) in statuses.into_iter().enumerate() {
            let mut row = row(100 - number as u128);
            row.outcome.status = status;
            row.intent.operation = operations[number % 3];
            rows.push(row);
        }
        store.usage().insert(&rows).await.unwrap();
        assert_eq!(store.usage().list(None, 10).await.unwrap(), rows);
    })
    .await;
}

/// R31: the same attempt delivered several times, in any order and in any batch, is one row: the first.
#[tokio::test]
async fn inserting_is_idempotent() {
    on_each_database(async |store| {
        let rows: Vec<_> = (1..=700).map(row).collect();
        assert_eq!(store.usage().insert(&rows[..400]).await.unwrap(), 400);
        let mut again: Vec<_> = rows.iter().rev().cloned().collect();
        again.iter_mut().for_each(|row| row.outcome.http_status = 500);
        assert_eq!(store.usage().insert(&again).await.unwrap(), 300);
        assert_eq!(store.usage().insert(&[row(1), row(1), row(701), row(701)]).await.unwrap(), 1);
        assert_eq!(store.usage().count().await.unwrap(), 701);
        let listed = store.usage().list(None, 1_000).await.unwrap();
        assert_eq!(listed.iter().filter(|row| row.outcome.http_status == 200).count(), 401);
        assert_eq!(store.usage().insert(&[]).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    on_each_database(async |store| {
        store.usage().insert(&(1..=10).map(row).collect::<Vec<_>>()).await.unwrap();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.usage().list(after, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.intent.attempt_id);
            seen.extend(page.iter().map(|row| row.intent.attempt_id));
        }
        assert_eq!(seen, (1..=10).rev().collect::<Vec<u128>>());
    })
    .await;
}

/// What a caller names may hold anything; no row may be refused for ever, or all behind it would wait.
#[tokio::test]
async fn odd_texts_and_numbers_are_no_poison() {
    on_each_database(async |store| {
        let mut odd = row(u128::MAX);
        odd.intent.virtual_model = "nul \0 and 'quote' and 名".into();
        odd.outcome.losses = vec!["\0".into()];
        odd.outcome.usage = Some(Usage { input: Some(u64::MAX), ..Usage::default() });
        odd.outcome.latency = Duration::MAX;
        odd.intent.attempt = u32::MAX;
        store.usage().insert(&[odd]).await.unwrap();
        let read = &store.usage().list(None, 1).await.unwrap()[0];
        assert_eq!(read.intent.virtual_model, "nul \u{fffd} and 'quote' and 名");
        assert_eq!(read.outcome.usage.unwrap().input, Some(1 << 40));
        assert_eq!((read.intent.attempt, read.intent.attempt_id), (u32::MAX, u128::MAX));
    })
    .await;
}

/// What a row costs on its way into the database; run by hand: `cargo test -p store cost_of_a_row -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn cost_of_a_row() {
    crate::testing::on_each_url(async |url| {
        let store = crate::testing::open(url).await;
        let (mut micros, mut written) = (0, 0u64);
        for size in [64, 512, 2_048] {
            let begun = (std::time::Instant::now(), processor_time());
            let count = 40_960 / size;
            for _ in 0..count {
                let rows: Vec<_> = (0..size).map(|_| real_row(&mut micros)).collect();
                written += store.usage().insert(&rows).await.unwrap();
            }
            let rows = f64::from(size * count);
            println!(
                "{} batches of {size}: {:.1} us a row, {:.1} us of processor time",
                url.split(':').next().unwrap(),
                begun.0.elapsed().as_secs_f64() * 1e6 / rows,
                (processor_time() - begun.1) * 1e6 / rows
            );
        }
        assert!(written > 100_000);
        store.close().await.unwrap();
    })
    .await;
}

/// As a gateway writes them: ids of its time, one of a hundred keys, a handful of models.
fn real_row(micros: &mut u64) -> UsageRow {
    *micros += 100;
    let mut row = full((u128::from(1_795_305_600_000 + *micros / 1_000) << 80) | (7 << 76) | u128::from(*micros));
    row.intent.request_id = format!("req_{:032x}", row.intent.attempt_id);
    row.intent.attempt = 1;
    row.intent.key_id = format!("01994d2e-7b1c-7000-8000-{:012}", *micros / 100 % 100);
    row.intent.virtual_model = format!("my-model-{}", *micros / 100 % 7);
    row.intent.provider_model = format!("gpt-4o-mini-2024-07-18-{}", *micros / 100 % 7);
    row.outcome.status = OutcomeStatus::Succeeded;
    row.outcome.fault = None;
    row.outcome.losses = Vec::new();
    row
}

/// Seconds of user and system time of this process.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
