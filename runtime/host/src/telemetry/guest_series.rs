//! The series that guests keep, under names of their own.
//!
//! OpenMetrics knows one kind per name, and writes some kinds under several names (`x_total`; `x_bucket`, `x_count`,
//! `x_sum`). The kind is part of the family's name, so that no guest can take a name away from another, nor from the host.

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use super::exposition::{Distribution, Exposition, LabelValue, Labels, labels};
use crate::status::{ExporterStatus, GuestMetric, GuestValue};

/// The series of one family, each once.
type Series<'a> = BTreeMap<Labels, &'a GuestValue>;

/// Writes every guest's series. What is there already under the same name and labels is hidden and counted: `sent` and
/// `sent_total` are one.
pub(super) fn write_guest_series(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let mut families: BTreeMap<String, Series<'_>> = BTreeMap::new();
    let mut hidden = Vec::new();
    for exporter in exporters.iter().filter(|exporter| !exporter.guest_metrics.is_empty()) {
        let mut hidden_here = 0.0;
        for metric in &exporter.guest_metrics {
            let series = families.entry(family_name(metric)).or_default();
            match series.entry(series_labels(exporter, metric)) {
                Entry::Vacant(free) => drop(free.insert(&metric.value)),
                Entry::Occupied(_) => hidden_here += 1.0,
            }
        }
        hidden.push((labels([("exporter", &exporter.name)]), hidden_here));
    }
    for (name, series) in families {
        write_family(out, &name, series)?;
    }
    let help = "Series that have the name and labels of another of the exporter's own";
    out.gauge("spangate_exporter_guest_series_hidden", help, hidden)
}

fn family_name(metric: &GuestMetric) -> String {
    let name = metric.name.as_str();
    match metric.value {
        // `_total` is put on when it is written.
        GuestValue::Counter(_) => format!("spangate_guest_counter_{}", name.strip_suffix("_total").unwrap_or(name)),
        GuestValue::Gauge(_) => format!("spangate_guest_gauge_{name}"),
        GuestValue::Histogram { .. } => format!("spangate_guest_histogram_{name}"),
    }
}

fn write_family(out: &mut Exposition<'_>, name: &str, series: Series<'_>) -> fmt::Result {
    let help = "Kept by the exporter itself";
    let (mut counters, mut gauges, mut histograms) = (Vec::new(), Vec::new(), Vec::new());
    for (labels, value) in series {
        match value {
            GuestValue::Counter(count) => counters.push((labels, *count)),
            GuestValue::Gauge(value) => gauges.push((labels, *value)),
            GuestValue::Histogram { sum, count, buckets } => {
                histograms.push((labels, Distribution { sum: *sum, count: *count, buckets }));
            }
        }
    }
    out.counter(name, help, counters)?;
    out.gauge(name, help, gauges)?;
    out.histogram(name, help, histograms)
}

/// The guest's labels after ours, by name. A guest's `exporter` or `le` is kept as `guest_exporter` or `guest_le`.
fn series_labels(exporter: &ExporterStatus, metric: &GuestMetric) -> Labels {
    let mut all = labels([("exporter", &exporter.name)]);
    for (name, value) in &metric.labels {
        let name = match name.as_str() {
            "exporter" | "le" => format!("guest_{name}"),
            other => other.to_owned(),
        };
        if all.iter().all(|(taken, _)| *taken != name) {
            all.push((Cow::Owned(name), LabelValue::from(value.clone())));
        }
    }
    if let Some(guests) = all.get_mut(1..) {
        guests.sort_unstable();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::render_metrics;
    use super::*;
    use crate::status::Status;

    fn exporter(name: &str, metric: &str, labels: &[(&str, &str)], value: GuestValue) -> ExporterStatus {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ExporterStatus {
            name: name.to_owned(),
            guest_metrics: vec![GuestMetric { name: metric.to_owned(), labels, value }],
            ..ExporterStatus::default()
        }
    }

    fn render(exporters: Vec<ExporterStatus>) -> String {
        render_metrics(Status { exporters, ..Status::default() }).expect("writing into a string")
    }

    #[test]
    fn one_name_of_two_exporters_is_one_family() {
        let text = render(vec![
            exporter("a", "sent_total", &[], GuestValue::Counter(1)),
            exporter("b", "sent", &[], GuestValue::Counter(2)),
        ]);
        assert_eq!(text.matches("# TYPE spangate_guest_counter_sent counter").count(), 1);
        assert!(text.contains("spangate_guest_counter_sent_total{exporter=\"a\"} 1\n"));
        assert!(text.contains("spangate_guest_counter_sent_total{exporter=\"b\"} 2\n"));
    }

    #[test]
    fn no_exporter_takes_a_name_away_from_another_or_from_the_host() {
        let histogram = || GuestValue::Histogram { sum: 3.0, count: 1, buckets: vec![(f64::MAX, 1)] };
        let text = render(vec![
            exporter("a", "depth", &[], GuestValue::Counter(1)),
            exporter("b", "depth", &[], GuestValue::Gauge(2.0)),
            exporter("c", "depth", &[], histogram()),
            exporter("d", "depth_count", &[], GuestValue::Gauge(4.0)),
            exporter("e", "depth_total", &[], GuestValue::Gauge(5.0)),
            exporter("f", "series_hidden", &[], GuestValue::Gauge(6.0)),
        ]);
        for line in [
            "spangate_guest_counter_depth_total{exporter=\"a\"} 1",
            "spangate_guest_gauge_depth{exporter=\"b\"} 2.0",
            "spangate_guest_histogram_depth_count{exporter=\"c\"} 1",
            "spangate_guest_gauge_depth_count{exporter=\"d\"} 4.0",
            "spangate_guest_gauge_depth_total{exporter=\"e\"} 5.0",
            "spangate_guest_gauge_series_hidden{exporter=\"f\"} 6.0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
        assert_each_once(&text);
    }

    #[test]
    fn a_series_that_is_there_already_is_hidden_and_counted() {
        let mut exporter = exporter("a", "sent", &[("h", "2"), ("le", "1")], GuestValue::Counter(1));
        for (name, label) in [("sent_total", "le"), ("sent", "guest_le"), ("sent", "other")] {
            let labels = vec![(label.to_owned(), "1".to_owned()), ("h".to_owned(), "2".to_owned())];
            exporter.guest_metrics.push(GuestMetric { name: name.to_owned(), labels, value: GuestValue::Counter(9) });
        }
        let text = render(vec![exporter]);
        assert!(
            text.contains("spangate_guest_counter_sent_total{exporter=\"a\",guest_le=\"1\",h=\"2\"} 1\n"),
            "{text}"
        );
        assert!(text.contains("spangate_exporter_guest_series_hidden{exporter=\"a\"} 2.0\n"), "{text}");
        assert_each_once(&text);
    }

    /// No family and no series is written twice.
    fn assert_each_once(text: &str) {
        let mut seen = std::collections::BTreeSet::new();
        for line in text.lines().filter(|line| !line.starts_with("# HELP")) {
            let name = line.rsplit_once(' ').map_or(line, |(name, _)| name);
            assert!(seen.insert(name), "{name} is there twice in:\n{text}");
        }
    }

    #[test]
    fn a_guest_cannot_speak_in_the_name_of_another_exporter() {
        let text =
            render(vec![exporter("a", "sent", &[("exporter", "b"), ("x", "1"), ("x", "2")], GuestValue::Counter(1))]);
        let line = "spangate_guest_counter_sent_total{exporter=\"a\",guest_exporter=\"b\",x=\"1\"} 1\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_histogram_ends_with_an_infinite_bucket() {
        let value = GuestValue::Histogram { sum: 3.5, count: 3, buckets: vec![(1.0, 2), (f64::MAX, 1)] };
        let text = render(vec![exporter("a", "latency", &[], value)]);
        let line = "spangate_guest_histogram_latency_bucket{le=\"+Inf\",exporter=\"a\"} 3\n";
        assert!(text.contains(line), "{text}");
    }
}
