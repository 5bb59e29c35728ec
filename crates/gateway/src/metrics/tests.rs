use super::family::MOST_SERIES;
use super::*;
use chat::Usage;

fn ended(status: u16, fault: Option<&'static str>) -> Ended {
    Ended { status, fault }
}

#[test]
fn a_request_is_counted_by_operation_model_provider_class_and_fault() {
    let metrics = Metrics::default();
    let traffic = metrics.traffic(Operation::Chat, "my-gpt", "openai-main");
    traffic.metric.finished(ended(200, None), Duration::from_millis(1_200), Some(Duration::from_millis(300)));
    traffic.metric.finished(ended(503, Some("provider_unavailable")), Duration::from_millis(2), None);
    traffic.metric.finished(ended(504, Some("provider_timeout")), Duration::from_millis(2), None);
    traffic.metric.used(&Usage { input: Some(11), output: Some(7), reasoning: Some(0), ..Usage::default() });
    metrics.traffic(Operation::Chat, "", "").metric.finished(ended(401, Some("invalid_key")), Duration::ZERO, None);
    metrics.lost("openai-main", &[field("messages[0].name"), field("made_up")]);
    metrics.attempted("openai-main", Some("provider_timeout"));
    let text = metrics.text();
    for line in [
        r#"conduit_requests_total{operation="chat",model="my-gpt",provider="openai-main",status="2xx",fault="none"} 1"#,
        r#"conduit_requests_total{operation="chat",model="my-gpt",provider="openai-main",status="5xx",fault="provider_timeout"} 1"#,
        r#"conduit_requests_total{operation="chat",model="none",provider="none",status="4xx",fault="invalid_key"} 1"#,
        r#"conduit_request_duration_seconds_bucket{le="2.5",operation="chat",model="my-gpt",provider="openai-main"} 3"#,
        r#"conduit_first_token_seconds_count{operation="chat",model="my-gpt",provider="openai-main"} 1"#,
        r#"conduit_tokens_total{operation="chat",model="my-gpt",provider="openai-main",kind="input"} 11"#,
        r#"conduit_losses_total{provider="openai-main",field="other"} 1"#,
        r#"conduit_upstream_attempts_total{provider="openai-main",fault="provider_timeout"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("kind=\"reasoning\""), "a kind that was never seen");
    assert!(text.ends_with("# EOF\n"));
}

/// R57: what callers and configurations can make is bounded, and what did not fit is counted.
#[test]
fn a_family_is_bounded() {
    let metrics = Metrics::default();
    for number in 0..MOST_SERIES + 50 {
        metrics.attempted(&format!("provider-{number}"), None);
    }
    let text = metrics.text();
    assert_eq!(text.lines().filter(|line| line.starts_with("conduit_upstream_attempts_total")).count(), MOST_SERIES + 1);
    assert!(text.contains("conduit_upstream_attempts_total{provider=\"other\",fault=\"other\"} 50\n"));
    assert!(text.contains("conduit_metrics_overflow_upstream_attempts_total 50\n"), "{text}");
}

#[test]
fn label_values_cannot_break_the_text() {
    let metrics = Metrics::default();
    metrics.attempted("a\"b\\c\nd", None);
    let text = metrics.text();
    assert!(text.contains(r#"{provider="a\"b\\c\nd",fault="none"} 1"#), "{text}");
}

#[test]
fn gauges_from_outside_are_asked_at_each_scrape() {
    let metrics = Metrics::default();
    let depth = Arc::new(std::sync::atomic::AtomicU64::new(3));
    let asked = Arc::clone(&depth);
    metrics.gauge("journal_depth", "Rows that wait", move || asked.load(std::sync::atomic::Ordering::Relaxed) as f64);
    metrics.config_reloaded(true);
    metrics.config_reloaded(false);
    let text = metrics.text();
    assert!(text.contains("conduit_journal_depth 3") && text.contains("conduit_config_reloads_total{result=\"rejected\"} 1"), "{text}");
    depth.store(5, std::sync::atomic::Ordering::Relaxed);
    assert!(metrics.text().contains("conduit_journal_depth 5"));
}

/// What is counted here is in the document, by name.
#[test]
fn the_document_has_every_name() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md")).unwrap();
    let text = Metrics::default().text();
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).filter_map(|line| line.split(' ').next());
    let mut count = 0;
    for name in names {
        count += 1;
        let overflow = name.strip_prefix("conduit_metrics_overflow").filter(|family| page.contains(&format!("`{family}`")));
        assert!(page.contains(&format!("`{name}`")) || overflow.is_some(), "{name} is not in docs/metrics.md");
    }
    assert!(count > 10, "families without a series are not described in the text: {count}");
}
