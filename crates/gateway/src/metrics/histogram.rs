//! Times by bucket. Observed by every worker at the end of each request, so it is a few atomic additions and no lock.

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The buckets' upper bounds in microseconds: from an answer out of a cache to the longest reasoning.
const BOUNDS: [u64; 15] = [
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
];

#[derive(Debug, Default)]
pub(super) struct Histogram {
    counts: [AtomicU64; BOUNDS.len()],
    longer: AtomicU64,
    /// The sum of all, in microseconds.
    sum: AtomicU64,
}

impl Histogram {
    pub(super) fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS.partition_point(|bound| *bound < micros);
        self.counts.get(at).unwrap_or(&self.longer).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(micros, Ordering::Relaxed);
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let bounded = BOUNDS.iter().zip(&self.counts).map(|(bound, count)| (seconds(*bound), read(count)));
        // The library's name for the bucket without a bound.
        let buckets: Vec<_> = bounded.chain([(f64::MAX, read(&self.longer))]).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(seconds(read(&self.sum)), count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text;
    use prometheus_client::registry::Registry;

    /// The text is that of the library's own histogram.
    #[test]
    fn a_time_is_in_the_first_bucket_that_holds_it_and_in_all_longer_ones() {
        let own = Histogram::default();
        let library = prometheus_client::metrics::histogram::Histogram::new(BOUNDS.map(seconds));
        for millis in [0, 10, 11, 25, 2_500, 600_000, 600_001] {
            own.observe(Duration::from_millis(millis));
            library.observe(Duration::from_millis(millis).as_secs_f64());
        }
        let written = |registry: &Registry| {
            let mut page = String::new();
            text::encode(&mut page, registry).unwrap();
            page
        };
        let (mut first, mut second) = (Registry::default(), Registry::default());
        first.register("time", "Time", own);
        second.register("time", "Time", library);
        assert_eq!(written(&first), written(&second));
        assert!(written(&first).contains("time_bucket{le=\"0.01\"} 2\n") && written(&first).contains("time_bucket{le=\"+Inf\"} 7\n"));
    }
}
