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
//! | `spangate_ready`, `spangate_disabled` | gauge, 1 or 0 | |
//! | `spangate_intake_rows_recorded_total`, `..._received_total`, `..._sampled_out_total`, `..._accepted_total` | counter | |
//! | `spangate_intake_rows_dropped_total` | counter | `reason` |
//! | `spangate_receiver_bound` | gauge, 1 or 0 | `receiver` |
//! | `spangate_receiver_connections_open` | gauge | `receiver` |
//! | `spangate_receiver_tls_enabled`, `spangate_receiver_reload_failed` | gauge, 1 or 0 | `receiver` |
//! | `spangate_receiver_tls_not_after_seconds` | gauge, seconds since 1970 | `receiver` |
//! | `spangate_receiver_requests_total` | counter | `receiver`, `outcome` |
//! | `spangate_receiver_bytes_received_total`, `..._spans_received_total`, `..._events_received_total`, `..._rows_rejected_total`, `..._plain_logs_dropped_total`, `..._metric_points_dropped_total`, `..._preflights_total`, `..._preflights_refused_total` | counter | `receiver` |
//! | `spangate_receiver_connections_accepted_total`, `..._refused_total`, `..._evicted_total`, `..._timed_out_total`, `..._unopened_total`, `spangate_receiver_accept_errors_total` | counter | `receiver` |
//! | `spangate_exporter_rows_accepted_total`, `..._delivered_total`, `..._rejected_total`, `..._dead_lettered_total` | counter | `exporter` |
//! | `spangate_exporter_rows_dropped_total` | counter | `exporter`, `reason` |
//! | `spangate_exporter_rows_queued`, `spangate_exporter_rows_in_flight` | gauge | `exporter` |
//! | `spangate_exporter_rows_not_subscribed_total` | counter | `exporter` |
//! | `spangate_exporter_attributes_not_shown_total` | counter | `exporter`, `change`: `not_granted`, `deleted` or `hashed` |
//! | `spangate_exporter_queue_size`, `spangate_exporter_queue_capacity` (rows) | gauge | `exporter` |
//! | `spangate_exporter_queue_size_bytes`, `spangate_exporter_queue_capacity_bytes` | gauge | `exporter` |
//! | `spangate_exporter_attempts_total` | counter | `exporter`, `outcome` |
//! | `spangate_exporter_faults_total` | counter | `exporter`, `kind` |
//! | `spangate_exporter_state` | gauge, always 1 | `exporter`, `state` |
//! | `spangate_exporter_calls_total`, `spangate_exporter_rows_handed_total`, `spangate_exporter_fuel_total` | counter | `exporter` |
//! | `spangate_exporter_cpu_seconds_total`, `..._throttled_seconds_total` (by its own share), `..._contended_seconds_total` (by the others) | counter | `exporter` |
//! | `spangate_exporter_cpu_debt_seconds` | gauge | `exporter` |
//! | `spangate_sandbox_cpu_seconds_total` | counter | |
//! | `spangate_sandbox_cpu_share` (cores), `spangate_sandbox_cpu_debt_seconds`, `spangate_sandbox_calls_waiting` | gauge | |
//! | `spangate_exporter_memory_bytes`, `spangate_exporter_memory_peak_bytes`, `spangate_exporter_instances` | gauge | `exporter` |
//! | `spangate_exporter_rebuilds_total`, `..._recycles_total`, `..._log_lines_suppressed_total`, `..._metric_values_dropped_total`, `..._terminal_dropped_bytes_total` | counter | `exporter` |
//! | `spangate_exporter_http_requests_total`, `..._http_denied_total`, `..._http_over_quota_total`, `..._http_accepted_unsent_total`, `..._http_out_bytes_total`, `..._http_in_bytes_total` | counter | `exporter` |
//! | `spangate_exporter_http_in_flight` | gauge | `exporter` |
//! | `spangate_exporter_guest_series_hidden` | gauge | `exporter` |
//! | `spangate_guest_counter_<name>_total`, `spangate_guest_gauge_<name>`, `spangate_guest_histogram_<name>` | as the guest says | `exporter` and the guest's own |
//!
//! By the law of the ledger, `accepted = delivered + rejected + dropped + dead_lettered + queued + in_flight`.

use std::{collections::BTreeSet, fmt};

use prometheus_client::{
    collector::Collector, encoding::DescriptorEncoder, encoding::text::encode, registry::Registry,
};

use super::{
    exposition::{Exposition, Labels, labels},
    guest_series::write_guest_series,
};
use crate::status::{
    CostStatus, ExporterStatus, HttpStatus, LedgerStatus, ReceiverStatus, SandboxCounts, SandboxStatus, Status,
};

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
        write_sandboxes(&mut out, exporters)?;
        write_shared_budget(&mut out, self.0.sandbox.as_ref())?;
        write_guest_series(&mut out, exporters)
    }
}

fn write_runtime(out: &mut Exposition<'_>, status: &Status) -> fmt::Result {
    let runtime = &status.runtime;
    out.gauge("spangate_build_info", "Which spangate this is", vec![(labels([("version", runtime.version)]), 1.0)])?;
    out.gauge("spangate_uptime_seconds", "Seconds since the start", vec![(labels([]), runtime.uptime_seconds)])?;
    out.gauge("spangate_ready", "1 if telemetry can be taken and delivered", vec![(labels([]), flag(runtime.ready))])?;
    out.gauge(
        "spangate_disabled",
        "1 if nothing is recorded in this process",
        vec![(labels([]), flag(runtime.disabled))],
    )
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
    let receivers = &status.receivers;
    let of = |receiver: &ReceiverStatus| labels([("receiver", receiver.name)]);
    let bound = receivers.iter().map(|receiver| (of(receiver), flag(receiver.bound)));
    out.gauge("spangate_receiver_bound", "1 if the receiver listens", bound.collect())?;
    let open = receivers.iter().map(|receiver| (of(receiver), receiver.connections_open as f64));
    out.gauge("spangate_receiver_connections_open", "Connections open at this moment", open.collect())?;
    write_receiver_access(out, receivers)?;
    let mut requests = Vec::new();
    for receiver in receivers {
        for (outcome, count) in &receiver.requests {
            requests.push((labels([("receiver", receiver.name), ("outcome", outcome)]), *count));
        }
    }
    out.counter("spangate_receiver_requests", "Requests, by how they ended", requests)?;
    let names: BTreeSet<&str> = receivers.iter().flat_map(|receiver| receiver.counts.keys().copied()).collect();
    for name in names {
        let samples = receivers.iter().filter_map(|receiver| Some((of(receiver), *receiver.counts.get(name)?)));
        let help = format!("The receiver's count of {}", name.replace('_', " "));
        out.counter(&format!("spangate_receiver_{name}"), &help, samples.collect())?;
    }
    Ok(())
}

/// What somebody wants to be woken for: a certificate that expires, a new one that cannot be used.
fn write_receiver_access(out: &mut Exposition<'_>, receivers: &[ReceiverStatus]) -> fmt::Result {
    let of = |receiver: &ReceiverStatus| labels([("receiver", receiver.name)]);
    let tls = receivers.iter().map(|receiver| (of(receiver), flag(receiver.tls.is_some())));
    out.gauge("spangate_receiver_tls_enabled", "1 if the receiver speaks TLS", tls.collect())?;
    let not_after = receivers.iter().filter_map(|receiver| {
        let seconds = receiver.tls.as_ref()?.not_after_unix_seconds?;
        Some((of(receiver), seconds as f64))
    });
    let help = "When the first certificate of the receiver expires, seconds since 1970";
    out.gauge("spangate_receiver_tls_not_after_seconds", help, not_after.collect())?;
    let failed = receivers.iter().map(|receiver| {
        let tls = receiver.tls.as_ref().and_then(|tls| tls.reload_failure.as_ref());
        let auth = receiver.auth.as_ref().and_then(|auth| auth.reload_failure.as_ref());
        (of(receiver), flag(tls.is_some() || auth.is_some()))
    });
    let help = "1 if new certificates, keys or tokens cannot be used and the old ones stay";
    out.gauge("spangate_receiver_reload_failed", help, failed.collect())
}

/// Name, help, and how to read the value.
type Column<From, To = u64> = (&'static str, &'static str, fn(&From) -> To);

fn write_ledgers(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let counters: [Column<LedgerStatus>; 4] = [
        ("accepted", "Rows offered to the exporter", |ledger| ledger.accepted),
        ("delivered", "Rows the backend took", |ledger| ledger.delivered),
        ("rejected", "Rows the backend refused for good", |ledger| ledger.rejected),
        ("dead_lettered", "Rows written to the dead-letter file", |ledger| ledger.dead_lettered),
    ];
    for (column, help, value) in counters {
        out.counter(&format!("spangate_exporter_rows_{column}"), help, by_exporter(exporters, value))?;
    }
    let gauges: [Column<LedgerStatus>; 2] = [
        ("queued", "Rows waiting in the queue", |ledger| ledger.queued),
        ("in_flight", "Rows the exporter has at this moment", |ledger| ledger.in_flight),
    ];
    for (column, help, value) in gauges {
        let samples = by_exporter(exporters, value).into_iter().map(|(labels, rows)| (labels, rows as f64));
        out.gauge(&format!("spangate_exporter_rows_{column}"), help, samples.collect())?;
    }
    out.counter("spangate_exporter_rows_dropped", "Rows given up", drops(exporters))?;
    let help = "Attributes that the exporter was not shown as they are";
    out.counter("spangate_exporter_attributes_not_shown", help, not_shown(exporters))?;
    out.counter(
        "spangate_exporter_rows_not_subscribed",
        "Rows not offered because the exporter wants other events",
        exporters.iter().map(|exporter| (of(exporter), exporter.not_subscribed)).collect(),
    )
}

fn by_exporter(exporters: &[ExporterStatus], value: fn(&LedgerStatus) -> u64) -> Vec<(Labels, u64)> {
    exporters.iter().map(|exporter| (of(exporter), value(&exporter.ledger))).collect()
}

fn drops(exporters: &[ExporterStatus]) -> Vec<(Labels, u64)> {
    let each = exporters.iter().flat_map(|exporter| exporter.ledger.dropped.iter().map(move |entry| (exporter, entry)));
    each.map(|(exporter, (reason, rows))| (labels([("exporter", &exporter.name), ("reason", reason)]), *rows)).collect()
}

fn not_shown(exporters: &[ExporterStatus]) -> Vec<(Labels, u64)> {
    let narrowed = exporters.iter().filter_map(|exporter| Some((exporter, exporter.narrowing.as_ref()?)));
    let counts = narrowed.flat_map(|(exporter, narrowing)| {
        let changes = [
            ("not_granted", narrowing.attributes_not_granted),
            ("deleted", narrowing.attributes_deleted),
            ("hashed", narrowing.attributes_hashed),
        ];
        changes.map(|(change, count)| (labels([("exporter", &exporter.name), ("change", change)]), count))
    });
    counts.collect()
}

fn write_queues(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let gauges: [Column<ExporterStatus>; 4] = [
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
            ("fault", counts.fault),
            ("unavailable", counts.unavailable),
            ("unauthorized", counts.unauthorized),
        ] {
            attempts.push((labels([("exporter", &exporter.name), ("outcome", outcome)]), count));
        }
        for (kind, count) in &exporter.faults {
            faults.push((labels([("exporter", &exporter.name), ("kind", kind)]), *count));
        }
    }
    out.counter("spangate_exporter_attempts", "Attempts to deliver a batch, by how they ended", attempts)?;
    out.counter("spangate_exporter_faults", "Calls that ended in a fault, by its kind", faults)?;
    let states = exporters.iter();
    let states = states.map(|exporter| (labels([("exporter", &exporter.name), ("state", &exporter.state)]), 1.0));
    out.gauge("spangate_exporter_state", "The state the exporter is in", states.collect())
}

fn write_costs(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let metered = || exporters.iter().filter_map(|exporter| Some((of(exporter), exporter.cost.as_ref()?)));
    let counters: [Column<CostStatus>; 3] = [
        ("calls", "Exports, ticks and flushes", |cost| cost.calls),
        ("rows_handed", "Rows handed to the guest, every attempt counting", |cost| cost.rows),
        ("fuel", "Fuel used by the guest", |cost| cost.fuel),
    ];
    for (name, help, value) in counters {
        let samples = metered().map(|(labels, cost)| (labels, value(cost)));
        out.counter(&format!("spangate_exporter_{name}"), help, samples.collect())?;
    }
    let seconds: [Column<CostStatus, f64>; 3] = [
        ("cpu", "Thread CPU time used by the guest", |cost| cost.cpu_seconds),
        ("throttled", "Time spent waiting because it was over its own share", |cost| cost.throttled_seconds),
        ("contended", "Time spent waiting for the other exporters", |cost| cost.contended_seconds),
    ];
    for (name, help, value) in seconds {
        let samples = metered().map(|(labels, cost)| (labels, value(cost)));
        out.float_counter(&format!("spangate_exporter_{name}_seconds"), help, samples.collect())?;
    }
    let gauges: [Column<CostStatus>; 3] = [
        ("memory_bytes", "Linear memory of the live instances", |cost| cost.memory_bytes),
        ("memory_peak_bytes", "The most memory one instance ever had", |cost| cost.memory_peak_bytes),
        ("instances", "Live instances", |cost| cost.instances),
    ];
    for (name, help, value) in gauges {
        let samples = metered().map(|(labels, cost)| (labels, value(cost) as f64));
        out.gauge(&format!("spangate_exporter_{name}"), help, samples.collect())?;
    }
    let debts = metered().map(|(labels, cost)| (labels, cost.cpu_debt_seconds));
    out.gauge("spangate_exporter_cpu_debt_seconds", "CPU time owed to its own share", debts.collect())
}

/// What all sandboxed exporters share.
fn write_shared_budget(out: &mut Exposition<'_>, sandbox: Option<&SandboxStatus>) -> fmt::Result {
    let Some(sandbox) = sandbox else { return Ok(()) };
    let used = vec![(labels([]), sandbox.cpu_seconds)];
    out.float_counter("spangate_sandbox_cpu_seconds", "Thread CPU time used by all exporters together", used)?;
    for (name, help, value) in [
        ("cpu_share", "Cores that all exporters may use together", sandbox.cpu_share),
        ("cpu_debt_seconds", "CPU time that all exporters owe together", sandbox.cpu_debt_seconds),
        ("calls_waiting", "Calls that wait for their turn to compute", sandbox.calls_waiting as f64),
    ] {
        out.gauge(&format!("spangate_sandbox_{name}"), help, vec![(labels([]), value)])?;
    }
    Ok(())
}

fn write_sandboxes(out: &mut Exposition<'_>, exporters: &[ExporterStatus]) -> fmt::Result {
    let counters: [Column<SandboxCounts>; 5] = [
        ("rebuilds", "Instances made anew after a fault", |counts| counts.rebuilds),
        ("recycles", "Instances replaced in good order", |counts| counts.recycles),
        ("log_lines_suppressed", "Log lines over the quota", |counts| counts.log_lines_suppressed),
        ("metric_values_dropped", "Values of its own series that were not kept", |counts| counts.metric_values_dropped),
        ("terminal_dropped_bytes", "Bytes that the terminal did not take", |counts| counts.terminal_bytes_dropped),
    ];
    for (name, help, value) in counters {
        let samples = exporters.iter().filter_map(|exporter| Some((of(exporter), value(exporter.sandbox.as_ref()?))));
        out.counter(&format!("spangate_exporter_{name}"), help, samples.collect())?;
    }
    let http = || exporters.iter().filter_map(|exporter| Some((of(exporter), exporter.http.as_ref()?)));
    let in_flight = http().map(|(labels, http)| (labels, http.in_flight as f64)).collect();
    out.gauge("spangate_exporter_http_in_flight", "HTTP requests that have not ended", in_flight)?;
    let counters: [Column<HttpStatus>; 6] = [
        ("requests", "HTTP requests allowed and attempted", |http| http.requests),
        ("denied", "HTTP requests refused for their address", |http| http.denied),
        ("over_quota", "HTTP requests refused because a quota was used up", |http| http.over_quota),
        ("accepted_unsent", "Batches accepted in a call that attempted no request", |http| http.accepted_unsent),
        ("out_bytes", "Bytes of request bodies handed to the network", |http| http.bytes_out),
        ("in_bytes", "Bytes of response bodies read", |http| http.bytes_in),
    ];
    for (name, help, value) in counters {
        let samples = http().map(|(labels, http)| (labels, value(http)));
        out.counter(&format!("spangate_exporter_http_{name}"), help, samples.collect())?;
    }
    Ok(())
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
    use crate::status::{GuestMetric, GuestValue, NarrowingStatus};

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
            http: Some(HttpStatus {
                requests: 9,
                denied: 3,
                over_quota: 2,
                in_flight: 1,
                bytes_out: 80,
                ..HttpStatus::default()
            }),
            narrowing: Some(NarrowingStatus { attributes_hashed: 6, ..NarrowingStatus::default() }),
            cost: Some(CostStatus {
                fuel: 77,
                cpu_seconds: 0.5,
                contended_seconds: 1.5,
                cpu_debt_seconds: 0.25,
                ..CostStatus::default()
            }),
            ..ExporterStatus::default()
        }
    }

    fn render(exporters: Vec<ExporterStatus>) -> String {
        render_metrics(Status { exporters, ..Status::default() }).expect("writing into a string")
    }

    #[test]
    fn every_column_of_the_ledger_and_of_http_is_a_series() {
        let text = render(vec![exporter()]);
        for line in [
            r#"spangate_exporter_rows_accepted_total{exporter="billing"} 9"#,
            r#"spangate_exporter_rows_delivered_total{exporter="billing"} 4"#,
            r#"spangate_exporter_rows_dropped_total{exporter="billing",reason="queue_full"} 3"#,
            r#"spangate_exporter_rows_queued{exporter="billing"} 2.0"#,
            r#"spangate_exporter_attributes_not_shown_total{exporter="billing",change="hashed"} 6"#,
            r#"spangate_exporter_attributes_not_shown_total{exporter="billing",change="deleted"} 0"#,
            r#"spangate_exporter_fuel_total{exporter="billing"} 77"#,
            r#"spangate_exporter_cpu_seconds_total{exporter="billing"} 0.5"#,
            r#"spangate_exporter_contended_seconds_total{exporter="billing"} 1.5"#,
            r#"spangate_exporter_cpu_debt_seconds{exporter="billing"} 0.25"#,
            r#"spangate_exporter_state{exporter="billing",state="healthy"} 1.0"#,
            r#"spangate_exporter_http_requests_total{exporter="billing"} 9"#,
            r#"spangate_exporter_http_denied_total{exporter="billing"} 3"#,
            r#"spangate_exporter_http_over_quota_total{exporter="billing"} 2"#,
            r#"spangate_exporter_http_in_flight{exporter="billing"} 1.0"#,
            r#"spangate_exporter_http_out_bytes_total{exporter="billing"} 80"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn what_exporters_share_is_there_once_and_only_if_they_share_it() {
        let sandbox = SandboxStatus { cpu_share: 1.0, cpu_seconds: 2.5, cpu_debt_seconds: 0.5, calls_waiting: 3 };
        let text = render_metrics(Status { sandbox: Some(sandbox), ..Status::default() }).unwrap();
        for line in [
            "spangate_sandbox_cpu_seconds_total{} 2.5",
            "spangate_sandbox_cpu_share{} 1.0",
            "spangate_sandbox_cpu_debt_seconds{} 0.5",
            "spangate_sandbox_calls_waiting{} 3.0",
        ] {
            assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line} in:\n{text}");
        }
        assert!(!render(vec![exporter()]).contains("spangate_sandbox"));
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
        let line = r#"spangate_guest_counter_sent_total{exporter="billing",path="a\"} 1\nfake 2\\"} 1"#;
        assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        assert!(!text.lines().any(|found| found.starts_with("fake")));
    }
}
