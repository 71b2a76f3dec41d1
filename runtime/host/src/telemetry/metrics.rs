//! `/metrics`: OpenMetrics text, made from a [`Status`] at the moment of the scrape. Nothing is counted twice.
//!
//! OpenTelemetry names its SDK's own metrics `otel.sdk.exporter.span.*` and `otel.sdk.processor.span.queue.*`. The
//! nouns are taken from there (exporter, queue size, queue capacity, in flight); `rows` stands for `span` because
//! exporters take events as well, and the outcomes are told apart, which OpenTelemetry's names cannot.
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `spangate_build_info` | gauge, always 1 | `version` |
//! | `spangate_uptime_seconds` | gauge | |
//! | `spangate_ready` | gauge, 1 or 0 | |
//! | `spangate_intake_rows_recorded_total`, `..._received_total`, `..._sampled_out_total`, `..._accepted_total` | counter | |
//! | `spangate_intake_rows_dropped_total` | counter | `reason` |
//! | `spangate_receiver_bound` | gauge, 1 or 0 | `receiver` |
//! | `spangate_receiver_<count>_total` | counter | `receiver` |
//! | `spangate_exporter_rows_accepted_total`, `..._delivered_total`, `..._rejected_total`, `..._dead_lettered_total` | counter | `exporter` |
//! | `spangate_exporter_rows_dropped_total` | counter | `exporter`, `reason` |
//! | `spangate_exporter_rows_queued`, `spangate_exporter_rows_in_flight` | gauge | `exporter` |
//! | `spangate_exporter_rows_not_subscribed_total` | counter | `exporter` |
//! | `spangate_exporter_queue_size`, `spangate_exporter_queue_capacity` (rows) | gauge | `exporter` |
//! | `spangate_exporter_queue_size_bytes`, `spangate_exporter_queue_capacity_bytes` | gauge | `exporter` |
//! | `spangate_exporter_attempts_total` | counter | `exporter`, `outcome` |
//! | `spangate_exporter_faults_total` | counter | `exporter`, `kind` |
//! | `spangate_exporter_state` | gauge, always 1 | `exporter`, `state` |
//! | `spangate_exporter_fuel_total` | counter | `exporter` |
//! | `spangate_exporter_cpu_seconds_total` | counter | `exporter` |
//! | `spangate_exporter_memory_bytes`, `spangate_exporter_instances` | gauge | `exporter` |
//! | `spangate_guest_<name>` | as the guest says | `exporter` and the guest's own |
//! | `spangate_guest_series_hidden` | gauge | `exporter` |
//!
//! By the law of the ledger, `accepted = delivered + rejected + dropped + dead_lettered + queued + in_flight`.

use std::fmt;

use prometheus_client::{
    collector::Collector, encoding::DescriptorEncoder, encoding::text::encode, registry::Registry,
};

use super::{
    exposition::{Exposition, Labels, labels},
    guest_series::write_guest_series,
};
use crate::status::{ExporterStatus, LedgerStatus, Status};

/// The text of `/metrics`.
///
/// # Errors
/// Never in practice: writing into a string cannot fail.
pub fn render_metrics(status: Status) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(status)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Scrape(Status);

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Exposition::new(encoder);
        write_runtime(&mut out, &self.0)?;
        write_intake(&mut out, &self.0)?;
        write_receivers(&mut out, &self.0)?;
        let exporters = &self.0.exporters;
        write_ledgers(&mut out, exporters)?;
        write_queues(&mut out, exporters)?;
        write_attempts(&mut out, exporters)?;
        write_costs(&mut out, exporters)?;
        write_guest_series(&mut out, exporters)
    }
}

fn write_runtime(out: &mut Exposition<'_>, status: &Status) -> fmt::Result {
    let runtime = &status.runtime;
    out.gauge("spangate_build_info", "Which spangate this is", vec![(labels([("version", runtime.version)]), 1.0)])?;
    out.gauge("spangate_uptime_seconds", "Seconds since the start", vec![(labels([]), runtime.uptime_seconds)])?;
    out.gauge("spangate_ready", "1 if telemetry can be taken and delivered", vec![(labels([]), flag(runtime.ready))])
}

fn write_intake(out: &mut Exposition<'_>, status: &Status) -> fmt::Result {
    let intake = &status.intake;
    for (name, help, rows) in [
        ("spangate_intake_rows_recorded", "Rows recorded in this process", intake.recorded),
        ("spangate_intake_rows_received", "Rows handed over by receivers", intake.received),
        ("spangate_intake_rows_sampled_out", "Rows that the sampler left out", intake.sampled_out),
        ("spangate_intake_rows_accepted", "Rows that went into batches", intake.accepted),
    ] {
        out.counter(name, help, vec![(labels([]), rows)])?;
    }
    let dropped = intake.dropped.iter().map(|(reason, rows)| (labels([("reason", reason)]), *rows)).collect();
    out.counter("spangate_intake_rows_dropped", "Rows lost before a batch was cut", dropped)
}

fn write_receivers(out: &mut Exposition<'_>, status: &Status) -> fmt::Result {
    let bound = status.receivers.iter().map(|receiver| (labels([("receiver", receiver.name)]), flag(receiver.bound)));
    out.gauge("spangate_receiver_bound", "1 if the receiver listens", bound.collect())?;
    let mut names: Vec<&str> = status.receivers.iter().flat_map(|receiver| receiver.counts.keys().copied()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let samples = status.receivers.iter().filter_map(|receiver| {
            let count = receiver.counts.get(name)?;
            Some((labels([("receiver", receiver.name)]), *count))
        });
        let help = format!("Receiver's count of {}", name.replace('_', " "));
        out.counter(&format!("spangate_receiver_{name}"), &help, samples.collect())?;
    }
    Ok(())
}

type Column = fn(&LedgerStatus) -> u64;

fn write_ledgers(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let counters: [(&str, &str, Column); 4] = [
        ("accepted", "Rows offered to the exporter", |ledger| ledger.accepted),
        ("delivered", "Rows the backend took", |ledger| ledger.delivered),
        ("rejected", "Rows the backend refused for good", |ledger| ledger.rejected),
        ("dead_lettered", "Rows written to the dead-letter file", |ledger| ledger.dead_lettered),
    ];
    for (column, help, value) in counters {
        out.counter(&format!("spangate_exporter_rows_{column}"), help, by_exporter(exporters, value))?;
    }
    let gauges: [(&str, &str, Column); 2] = [
        ("queued", "Rows waiting in the queue", |ledger| ledger.queued),
        ("in_flight", "Rows the exporter has at this moment", |ledger| ledger.in_flight),
    ];
    for (column, help, value) in gauges {
        let samples = by_exporter(exporters, value).into_iter().map(|(labels, rows)| (labels, rows as f64));
        out.gauge(&format!("spangate_exporter_rows_{column}"), help, samples.collect())?;
    }
    out.counter("spangate_exporter_rows_dropped", "Rows given up", drops(exporters))?;
    out.counter(
        "spangate_exporter_rows_not_subscribed",
        "Rows not offered because the exporter wants other events",
        exporters.iter().map(|exporter| (of(exporter), exporter.not_subscribed)).collect(),
    )
}

fn by_exporter(exporters: &[ExporterStatus], value: Column) -> Vec<(Labels, u64)> {
    exporters.iter().map(|exporter| (of(exporter), value(&exporter.ledger))).collect()
}

fn drops(exporters: &[ExporterStatus]) -> Vec<(Labels, u64)> {
    let each = exporters.iter().flat_map(|exporter| exporter.ledger.dropped.iter().map(move |entry| (exporter, entry)));
    each.map(|(exporter, (reason, rows))| (labels([("exporter", &exporter.name), ("reason", reason)]), *rows)).collect()
}

fn write_queues(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let gauges: [(&str, &str, fn(&ExporterStatus) -> u64); 4] = [
        ("size", "Rows in the queue", |exporter| exporter.queue.rows),
        ("capacity", "Most rows the queue takes", |exporter| exporter.queue.max_rows),
        ("size_bytes", "Bytes in the queue", |exporter| exporter.queue.bytes),
        ("capacity_bytes", "Most bytes the queue takes", |exporter| exporter.queue.max_bytes),
    ];
    for (name, help, value) in gauges {
        let samples = exporters.iter().map(|exporter| (of(exporter), value(exporter) as f64));
        out.gauge(&format!("spangate_exporter_queue_{name}"), help, samples.collect())?;
    }
    Ok(())
}

fn write_attempts(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let mut attempts = Vec::new();
    let mut faults = Vec::new();
    for exporter in exporters {
        let counts = &exporter.attempts;
        for (outcome, count) in [
            ("accepted", counts.accepted),
            ("partial", counts.partial),
            ("retry_after", counts.retry_after),
            ("rejected", counts.rejected),
            ("unavailable", counts.unavailable),
            ("fault", counts.faults.values().sum()),
        ] {
            attempts.push((labels([("exporter", &exporter.name), ("outcome", outcome)]), count));
        }
        for (kind, count) in &counts.faults {
            faults.push((labels([("exporter", &exporter.name), ("kind", kind)]), *count));
        }
    }
    out.counter("spangate_exporter_attempts", "Attempts to deliver a batch, by how they ended", attempts)?;
    out.counter("spangate_exporter_faults", "Attempts that ended in a fault, by its kind", faults)?;
    let states =
        exporters.iter().map(|exporter| (labels([("exporter", &exporter.name), ("state", &exporter.state)]), 1.0));
    out.gauge("spangate_exporter_state", "The state the exporter is in", states.collect())
}

fn write_costs(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let metered = || exporters.iter().filter_map(|exporter| Some((of(exporter), exporter.cost.as_ref()?)));
    let fuel = metered().map(|(labels, cost)| (labels, cost.fuel)).collect();
    out.counter("spangate_exporter_fuel", "Fuel used by the guest", fuel)?;
    let cpu = metered().map(|(labels, cost)| (labels, cost.cpu_seconds)).collect();
    out.float_counter("spangate_exporter_cpu_seconds", "Thread CPU time used by the guest", cpu)?;
    let memory = metered().map(|(labels, cost)| (labels, cost.memory_bytes as f64)).collect();
    out.gauge("spangate_exporter_memory_bytes", "Linear memory of the live instances", memory)?;
    let instances = metered().map(|(labels, cost)| (labels, cost.instances as f64)).collect();
    out.gauge("spangate_exporter_instances", "Live instances", instances)
}

fn of(exporter: &ExporterStatus) -> Labels {
    labels([("exporter", &exporter.name)])
}

fn flag(is_set: bool) -> f64 {
    if is_set { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{CostStatus, GuestMetric, GuestValue};

    fn exporter() -> ExporterStatus {
        let ledger = LedgerStatus {
            accepted: 9,
            delivered: 4,
            dropped: [("queue_full", 3)].into(),
            queued: 2,
            is_balanced: true,
            ..LedgerStatus::default()
        };
        ExporterStatus {
            name: "billing".to_owned(),
            state: "healthy".to_owned(),
            ledger,
            cost: Some(CostStatus { fuel: 77, cpu_seconds: 0.5, ..CostStatus::default() }),
            ..ExporterStatus::default()
        }
    }

    fn render(exporters: Vec<ExporterStatus>) -> String {
        render_metrics(Status { exporters, ..Status::default() }).expect("writing into a string")
    }

    #[test]
    fn every_column_of_the_ledger_is_a_series() {
        let text = render(vec![exporter()]);
        for line in [
            r#"spangate_exporter_rows_accepted_total{exporter="billing"} 9"#,
            r#"spangate_exporter_rows_delivered_total{exporter="billing"} 4"#,
            r#"spangate_exporter_rows_dropped_total{exporter="billing",reason="queue_full"} 3"#,
            r#"spangate_exporter_rows_queued{exporter="billing"} 2.0"#,
            r#"spangate_exporter_fuel_total{exporter="billing"} 77"#,
            r#"spangate_exporter_cpu_seconds_total{exporter="billing"} 0.5"#,
            r#"spangate_exporter_state{exporter="billing",state="healthy"} 1.0"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_native_exporter_has_no_cost_series() {
        let text = render(vec![ExporterStatus { cost: None, ..exporter() }]);
        assert!(!text.contains("spangate_exporter_fuel"));
    }

    #[test]
    fn a_label_of_a_guest_cannot_break_out_of_its_quotes() {
        let metric = GuestMetric {
            name: "sent".to_owned(),
            labels: vec![("path".to_owned(), "a\"} 1\nfake 2\\".to_owned())],
            value: GuestValue::Counter(1),
        };
        let text = render(vec![ExporterStatus { guest_metrics: vec![metric], ..exporter() }]);
        let line = r#"spangate_guest_sent_total{exporter="billing",path="a\"} 1\nfake 2\\"} 1"#;
        assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        assert!(!text.lines().any(|found| found.starts_with("fake")));
    }
}
