//! A metric with labels and a bound: past it, everything new is counted as `other`.

use parking_lot::RwLock;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::{MetricType, TypedMetric};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Series of one family. More come only from thousands of mappings, and a monitoring system suffers before that.
pub(super) const MOST_SERIES: usize = 2_000;

const OTHER: &str = "other";

/// All series of one set of label names. A series is found by borrowed label values, without an allocation.
pub(super) struct Family<M> {
    names: &'static [&'static str],
    series: RwLock<HashMap<u64, Vec<Arc<Series<M>>>>>,
    hasher: RandomState,
    count: AtomicUsize,
    make: fn() -> M,
    other: Arc<Series<M>>,
    /// Counts what came after the bound.
    overflow: Counter,
}

pub(crate) struct Series<M> {
    values: Box<[Box<str>]>,
    /// The same as they stand in the text: the library writes them as they are.
    shown: Box<[Box<str>]>,
    pub(crate) metric: M,
}

/// Where an object of the configuration keeps a series that it counts in, so that it is looked for once.
pub(crate) struct Kept<M>(OnceLock<Arc<Series<M>>>);

impl<M> Default for Kept<M> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<M> fmt::Debug for Kept<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl<M> Series<M> {
    fn new(values: &[&str], metric: M) -> Self {
        let shown = values.iter().map(|value| escaped(value)).collect();
        Self { values: values.iter().map(|value| Box::from(*value)).collect(), shown, metric }
    }

    fn is(&self, values: &[&str]) -> bool {
        self.values.len() == values.len() && self.values.iter().zip(values).all(|(own, other)| **own == **other)
    }
}

impl<M> Family<M> {
    pub(super) fn new(names: &'static [&'static str], make: fn() -> M, overflow: Counter) -> Arc<Self> {
        let other = Arc::new(Series::new(&vec![OTHER; names.len()], make()));
        Arc::new(Self { names, series: RwLock::default(), hasher: RandomState::new(), count: AtomicUsize::new(0), make, other, overflow })
    }

    /// The series of these values, one for each name.
    pub(super) fn get(&self, values: &[&str]) -> Arc<Series<M>> {
        let hash = self.hasher.hash_one(values);
        if let Some(found) = self.series.read().get(&hash).and_then(|alike| find(alike, values)) {
            return found;
        }
        self.add(hash, values)
    }

    /// The same, kept for the next time. What came after the bound is not: it is counted each time.
    pub(super) fn kept<'k>(&self, kept: &'k Kept<M>, values: &[&str]) -> std::borrow::Cow<'k, Arc<Series<M>>> {
        use std::borrow::Cow;
        if let Some(known) = kept.0.get() {
            return Cow::Borrowed(known);
        }
        let found = self.get(values);
        match Arc::ptr_eq(&found, &self.other) {
            true => Cow::Owned(found),
            false => Cow::Borrowed(kept.0.get_or_init(|| found)),
        }
    }

    fn add(&self, hash: u64, values: &[&str]) -> Arc<Series<M>> {
        let mut series = self.series.write();
        let alike = series.entry(hash).or_default();
        if let Some(found) = find(alike, values) {
            return found;
        }
        if self.count.load(Ordering::Relaxed) >= MOST_SERIES {
            self.overflow.inc();
            return Arc::clone(&self.other);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        let made = Arc::new(Series::new(values, (self.make)()));
        alike.push(Arc::clone(&made));
        made
    }

    /// Visits all series with their labels. The lock is not held meanwhile: a scrape makes no request wait.
    pub(super) fn each(&self, mut visit: impl FnMut(Vec<(&'static str, &str)>, &M) -> fmt::Result) -> fmt::Result {
        let mut all: Vec<_> = self.series.read().values().flatten().map(Arc::clone).collect();
        if self.count.load(Ordering::Relaxed) >= MOST_SERIES {
            all.push(Arc::clone(&self.other));
        }
        for series in &all {
            let labels = self.names.iter().copied().zip(series.shown.iter().map(|value| &**value)).collect();
            visit(labels, &series.metric)?;
        }
        Ok(())
    }
}

/// A label value as the format writes it.
fn escaped(value: &str) -> Box<str> {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n").into()
}

fn find<M>(alike: &[Arc<Series<M>>], values: &[&str]) -> Option<Arc<Series<M>>> {
    alike.iter().find(|series| series.is(values)).map(Arc::clone)
}

/// One metric of a family whose series hold several.
pub(super) struct View<M, T> {
    pub(super) family: Arc<Family<M>>,
    pub(super) pick: fn(&M) -> &T,
}

impl<M, T> fmt::Debug for View<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

impl<M, T: EncodeMetric + TypedMetric> EncodeMetric for View<M, T> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.family.each(|labels, metric| (self.pick)(metric).encode(encoder.encode_family(&labels)?))
    }

    fn metric_type(&self) -> MetricType {
        T::TYPE
    }
}

/// Counters that share a series and differ by further labels: `visit` gives each with those.
pub(super) struct Split<M> {
    pub(super) family: Arc<Family<M>>,
    pub(super) visit: fn(&M, &mut Found<'_>) -> fmt::Result,
}

/// Receives a counter with its further labels.
pub(super) type Found<'a> = dyn FnMut(&[(&'static str, &'static str)], &Counter) -> fmt::Result + 'a;

impl<M> fmt::Debug for Split<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").finish_non_exhaustive()
    }
}

impl<M> EncodeMetric for Split<M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.family.each(|labels, metric| {
            (self.visit)(metric, &mut |further, counter| {
                let all: Vec<_> = labels.iter().copied().chain(further.iter().copied()).collect();
                counter.encode(encoder.encode_family(&all)?)
            })
        })
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// A gauge whose value is asked for at each scrape.
pub(super) struct Asked<F>(pub(super) F);

impl<F> fmt::Debug for Asked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

impl<F: Fn() -> f64 + Send + Sync + 'static> EncodeMetric for Asked<F> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_gauge(&(self.0)())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}
