//! `metrics`: counters, gauges and histograms of the exporter's own. They outlive its instances and appear in
//! `/metrics`. The number of series is capped; what does not fit, or is malformed, is counted and dropped.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use wasmtime::component::Linker;

use super::{CALL, Paced, charge};
use crate::{
    bindings::v0_1::imports::metrics,
    status::{GuestMetric, GuestValue},
    text::escape_line,
};

/// Bytes of a name.
const MAX_NAME_BYTES: usize = 128;
/// Bytes kept of a label's value.
const MAX_VALUE_BYTES: usize = 256;
/// Labels of one series.
const MAX_LABELS: usize = 8;
/// Upper bounds of a histogram's buckets: the defaults of OpenTelemetry's metrics SDK.
const BOUNDS: [f64; 15] = [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1e3, 2.5e3, 5e3, 7.5e3, 1e4];

/// How many series an exporter may keep. Granted to every exporter; the number is that of `[limits]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricsGrant {
    /// Distinct pairs of name and labels.
    pub(crate) series: usize,
}

/// The series of one exporter.
#[derive(Debug)]
pub(crate) struct MetricsCtx {
    grant: MetricsGrant,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    series: BTreeMap<Key, GuestValue>,
    dropped: u64,
}

type Labels = Vec<(String, String)>;
type Key = (String, Labels);

impl MetricsCtx {
    /// No series yet.
    pub(crate) fn new(grant: MetricsGrant) -> Self {
        Self { grant, kept: Mutex::default() }
    }

    /// Every series at this moment, by name.
    pub(crate) fn read(&self) -> Vec<GuestMetric> {
        let kept = self.lock();
        let series = kept.series.iter().map(|((name, labels), value)| (name.clone(), labels.clone(), value.clone()));
        series.map(|(name, labels, value)| GuestMetric { name, labels, value }).collect()
    }

    /// Values dropped: no room for the series, a malformed name, or a name that is of another kind.
    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Finds or makes the series, and lets `record` change its value. `record` answers whether the kind fits.
    fn update(&self, name: String, labels: Labels, empty: GuestValue, record: impl FnOnce(&mut GuestValue) -> bool) {
        let mut kept = self.lock();
        let fits = checked_key(name, labels).is_some_and(|key| {
            let is_new = !kept.series.contains_key(&key);
            if is_new && (kept.series.len() >= self.grant.series || !kept.is_kind_free(&key.0, &empty)) {
                return false;
            }
            record(kept.series.entry(key).or_insert(empty))
        });
        kept.dropped += u64::from(!fits);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// One name is of one kind. The series of a name lie side by side.
    fn is_kind_free(&self, name: &str, kind: &GuestValue) -> bool {
        let first = self.series.range((name.to_owned(), Labels::new())..).next();
        let same_name = first.filter(|((kept, _), _)| kept == name);
        same_name.is_none_or(|(_, value)| std::mem::discriminant(value) == std::mem::discriminant(kind))
    }
}

fn checked_key(name: String, labels: Labels) -> Option<Key> {
    if !is_name(&name) || labels.len() > MAX_LABELS || !labels.iter().all(|(label, _)| is_name(label)) {
        return None;
    }
    let mut labels: Labels =
        labels.into_iter().map(|(label, value)| (label, escape_line(&value, MAX_VALUE_BYTES))).collect();
    labels.sort_unstable();
    let is_unique = labels.windows(2).all(|pair| matches!(pair, [(left, _), (right, _)] if left != right));
    is_unique.then_some((name, labels))
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = name.bytes();
    name.len() <= MAX_NAME_BYTES
        && bytes.next().is_some_and(is_letter)
        && bytes.all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// The series of one call.
#[derive(Debug)]
pub(crate) struct MetricsView<'a> {
    /// The exporter's series.
    pub(crate) ctx: &'a MetricsCtx,
}

impl metrics::Host for MetricsView<'_> {
    fn counter_add(&mut self, name: String, labels: Labels, value: u64) {
        self.ctx.update(name, labels, GuestValue::Counter(0), |kept| match kept {
            GuestValue::Counter(count) => {
                *count = count.saturating_add(value);
                true
            }
            _ => false,
        });
    }

    fn gauge_set(&mut self, name: String, labels: Labels, value: f64) {
        self.ctx.update(name, labels, GuestValue::Gauge(0.0), |kept| match kept {
            GuestValue::Gauge(gauge) => {
                *gauge = value;
                true
            }
            _ => false,
        });
    }

    fn histogram_record(&mut self, name: String, labels: Labels, value: f64) {
        self.ctx.update(name, labels, empty_histogram(), |kept| match kept {
            GuestValue::Histogram { sum, count, buckets } if value.is_finite() => {
                *sum += value;
                *count = count.saturating_add(1);
                if let Some((_, bucket)) = buckets.iter_mut().find(|(bound, _)| value <= *bound) {
                    *bucket = bucket.saturating_add(1);
                }
                true
            }
            _ => false,
        });
    }
}

fn empty_histogram() -> GuestValue {
    let buckets = BOUNDS.into_iter().chain([f64::MAX]).map(|bound| (bound, 0)).collect();
    GuestValue::Histogram { sum: 0.0, count: 0, buckets }
}

/// Fuel for one value: labels are copied and compared.
fn cost(name: &str, labels: &Labels) -> u64 {
    let bytes: usize = name.len() + labels.iter().map(|(label, value)| label.len() + value.len()).sum::<usize>();
    CALL + 1_000 * labels.len() as u64 + 10 * bytes as u64
}

/// Answers `spangate:exporter/metrics`.
///
/// # Errors
/// If the linker has that interface already.
pub(crate) fn link<T: Paced>(linker: &mut Linker<T>, get_view: fn(&mut T) -> MetricsView<'_>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("spangate:exporter/metrics@0.1.0")?;
    instance.func_wrap_async("counter-add", move |mut store, (name, labels, value): (String, Labels, u64)| {
        Box::new(async move {
            charge(&mut store, cost(&name, &labels)).await?;
            metrics::Host::counter_add(&mut get_view(store.data_mut()), name, labels, value);
            Ok(())
        })
    })?;
    instance.func_wrap_async("gauge-set", move |mut store, (name, labels, value): (String, Labels, f64)| {
        Box::new(async move {
            charge(&mut store, cost(&name, &labels)).await?;
            metrics::Host::gauge_set(&mut get_view(store.data_mut()), name, labels, value);
            Ok(())
        })
    })?;
    instance.func_wrap_async("histogram-record", move |mut store, (name, labels, value): (String, Labels, f64)| {
        Box::new(async move {
            charge(&mut store, cost(&name, &labels)).await?;
            metrics::Host::histogram_record(&mut get_view(store.data_mut()), name, labels, value);
            Ok(())
        })
    })
}

#[cfg(test)]
mod tests {
    use metrics::Host;

    use super::*;

    fn label(name: &str, value: &str) -> Labels {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn values_of_every_kind_are_kept() {
        let ctx = MetricsCtx::new(MetricsGrant { series: 3 });
        let mut view = MetricsView { ctx: &ctx };
        view.counter_add("sent".into(), label("to", "a"), 2);
        view.counter_add("sent".into(), label("to", "a"), 3);
        view.gauge_set("depth".into(), vec![], 1.5);
        view.histogram_record("latency".into(), vec![], 7.0);
        view.histogram_record("latency".into(), vec![], 1e9);
        let read = ctx.read();
        assert_eq!(read[0].value, GuestValue::Gauge(1.5));
        let GuestValue::Histogram { sum, count, buckets } = &read[1].value else { panic!("no histogram") };
        assert_eq!((*sum, *count, buckets[2], buckets[15]), (7.0 + 1e9, 2, (10.0, 1), (f64::MAX, 1)));
        assert_eq!(read[2].value, GuestValue::Counter(5));
        assert_eq!(read[2].labels, label("to", "a"));
        assert_eq!(ctx.dropped(), 0);
    }

    #[test]
    fn names_that_prometheus_would_refuse_are_dropped_and_counted() {
        let ctx = MetricsCtx::new(MetricsGrant { series: 10 });
        let mut view = MetricsView { ctx: &ctx };
        for name in ["", "1st", "a-b", "grün", &"x".repeat(129)] {
            view.counter_add(name.into(), vec![], 1);
        }
        view.counter_add("ok".into(), label("le gal", ""), 1);
        view.counter_add("ok".into(), [label("a", "1"), label("a", "2")].concat(), 1);
        view.counter_add("ok".into(), (0..9).map(|n| (format!("l{n}"), String::new())).collect(), 1);
        assert_eq!(ctx.dropped(), 8);
        assert!(ctx.read().is_empty());
    }

    #[test]
    fn the_cap_on_series_holds_at_its_edge_and_old_series_go_on() {
        let ctx = MetricsCtx::new(MetricsGrant { series: 2 });
        let mut view = MetricsView { ctx: &ctx };
        for n in 0..100 {
            view.counter_add("sent".into(), label("id", &n.to_string()), 1);
        }
        view.counter_add("sent".into(), label("id", "1"), 1);
        assert_eq!(ctx.read().len(), 2);
        assert_eq!(ctx.dropped(), 98);
        assert_eq!(ctx.read()[1].value, GuestValue::Counter(2));
    }

    #[test]
    fn the_series_cap_is_the_grants_one_below_at_and_one_above() {
        for (names, kept, dropped) in [(2, 2, 0), (3, 3, 0), (4, 3, 1)] {
            let ctx = MetricsCtx::new(MetricsGrant { series: 3 });
            for n in 0..names {
                MetricsView { ctx: &ctx }.gauge_set(format!("depth_{n}"), vec![], 1.0);
            }
            assert_eq!((ctx.read().len(), ctx.dropped()), (kept, dropped), "{names}");
        }
    }

    #[test]
    fn a_name_is_of_one_kind_whatever_lies_beside_it() {
        let ctx = MetricsCtx::new(MetricsGrant { series: 9 });
        let mut view = MetricsView { ctx: &ctx };
        for name in ["w", "x", "x_y"] {
            view.gauge_set(name.into(), label("a", "b"), 1.0);
        }
        view.counter_add("x".into(), label("a", "a"), 1);
        view.counter_add("x".into(), label("a", "c"), 1);
        view.counter_add("x_".into(), vec![], 1);
        view.gauge_set("x".into(), label("a", "c"), 1.0);
        assert_eq!((ctx.read().len(), ctx.dropped()), (5, 2));
    }

    #[test]
    fn a_name_is_of_one_kind() {
        let ctx = MetricsCtx::new(MetricsGrant { series: 9 });
        let mut view = MetricsView { ctx: &ctx };
        view.counter_add("x".into(), vec![], 1);
        view.gauge_set("x".into(), label("a", "b"), 1.0);
        view.gauge_set("x".into(), vec![], 1.0);
        assert_eq!(ctx.read().len(), 1);
        assert_eq!(ctx.dropped(), 2);
    }
}
