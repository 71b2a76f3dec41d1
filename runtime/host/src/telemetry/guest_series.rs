//! The series that guests keep, under names of their own.
//!
//! Two exporters may use one name with different kinds. OpenMetrics knows one kind per name: the first exporter in
//! order of name wins, the series of the others are hidden and counted.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use super::exposition::{Distribution, Exposition, LabelValue, Labels, labels};
use crate::status::{ExporterStatus, GuestMetric, GuestValue};

type Series<'a> = Vec<(Labels, &'a GuestValue)>;

/// Writes every guest's series.
pub(super) fn write_guest_series(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let mut families: BTreeMap<&str, Series<'_>> = BTreeMap::new();
    let mut hidden = Vec::new();
    for exporter in exporters.iter().filter(|exporter| !exporter.guest_metrics.is_empty()) {
        let mut hidden_here = 0.0;
        for metric in &exporter.guest_metrics {
            let name = metric.name.strip_suffix("_total").unwrap_or(&metric.name);
            let series = families.entry(name).or_default();
            match series.first() {
                Some((_, first)) if !is_same_kind(first, &metric.value) => hidden_here += 1.0,
                _ => series.push((series_labels(exporter, metric), &metric.value)),
            }
        }
        hidden.push((labels([("exporter", &exporter.name)]), hidden_here));
    }
    for (name, series) in families {
        write_family(out, name, series)?;
    }
    out.gauge("spangate_guest_series_hidden", "Series whose name another exporter uses for another kind", hidden)
}

fn write_family(out: &mut Exposition<'_>, name: &str, series: Series<'_>) -> fmt::Result {
    let (name, help) = (format!("spangate_guest_{name}"), "Kept by the exporter itself");
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
    out.counter(&name, help, counters)?;
    out.gauge(&name, help, gauges)?;
    out.histogram(&name, help, histograms)
}

fn is_same_kind(left: &GuestValue, right: &GuestValue) -> bool {
    std::mem::discriminant(left) == std::mem::discriminant(right)
}

/// The guest's labels after ours. A guest's `exporter` or `le` is kept as `guest_exporter` or `guest_le`.
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
        assert_eq!(text.matches("# TYPE spangate_guest_sent counter").count(), 1);
        assert!(text.contains("spangate_guest_sent_total{exporter=\"a\"} 1\n"));
        assert!(text.contains("spangate_guest_sent_total{exporter=\"b\"} 2\n"));
    }

    #[test]
    fn a_name_with_two_kinds_keeps_the_first_and_says_how_many_are_hidden() {
        let text = render(vec![
            exporter("a", "depth", &[], GuestValue::Counter(1)),
            exporter("b", "depth", &[], GuestValue::Gauge(2.0)),
        ]);
        assert_eq!(text.matches("# TYPE spangate_guest_depth ").count(), 1);
        assert!(text.contains("spangate_guest_series_hidden{exporter=\"b\"} 1.0\n"));
    }

    #[test]
    fn a_guest_cannot_speak_in_the_name_of_another_exporter() {
        let text =
            render(vec![exporter("a", "sent", &[("exporter", "b"), ("x", "1"), ("x", "2")], GuestValue::Counter(1))]);
        assert!(text.contains("spangate_guest_sent_total{exporter=\"a\",guest_exporter=\"b\",x=\"1\"} 1\n"), "{text}");
    }

    #[test]
    fn a_histogram_ends_with_an_infinite_bucket() {
        let value = GuestValue::Histogram { sum: 3.5, count: 3, buckets: vec![(1.0, 2), (f64::MAX, 1)] };
        let text = render(vec![exporter("a", "latency", &[], value)]);
        assert!(text.contains("spangate_guest_latency_bucket{le=\"+Inf\",exporter=\"a\"} 3\n"), "{text}");
    }
}
