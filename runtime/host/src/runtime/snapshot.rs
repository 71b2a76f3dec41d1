//! Fills the status document.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use spangate_core::{narrow::Changes, poison::Standing, signal::Signal};

use super::{outlet::Outlet, ports::PortsView, readiness, view::View};
use crate::{
    config::Secrets,
    pipeline::{AttemptLog, Lane, Pipeline},
    sandbox::{CpuState, ExporterState},
    status::{
        AttemptCounts, CostStatus, ExporterStatus, FaultStatus, HttpStatus, IntakeStatus, LedgerStatus,
        NarrowingStatus, QueueStatus, RefusalStatus, RuntimeStatus, SandboxCounts, SandboxStatus, Status,
    },
};

impl View {
    /// The document at this moment.
    pub(super) fn status(&self) -> Status {
        let now = self.clock.monotonic();
        let reasons = readiness::reasons(self);
        let mut status = Status {
            runtime: RuntimeStatus {
                version: env!("CARGO_PKG_VERSION"),
                uptime_seconds: now.saturating_sub(self.started_at).as_secs_f64(),
                ready: reasons.is_empty(),
                reasons,
                stopping: self.is_stopping(),
                disabled: self.is_disabled,
            },
            receivers: self.ports.get().map(PortsView::statuses).unwrap_or_default(),
            intake: intake(&self.pipeline),
            sandbox: self.outlets.iter().find_map(|outlet| outlet.sandboxed.as_ref()).map(|any| sandbox(any.cpu())),
            exporters: self.outlets.iter().map(|outlet| exporter(outlet, now)).collect(),
        };
        redact(&mut status, &self.secrets);
        status
    }
}

/// The document in a process without the runtime's threads: no lock is touched, because it may be held for ever.
pub(super) fn take_elsewhere(obstacle: String) -> Status {
    let runtime = RuntimeStatus {
        version: env!("CARGO_PKG_VERSION"),
        reasons: vec![obstacle],
        stopping: true,
        ..RuntimeStatus::default()
    };
    Status { runtime, ..Status::default() }
}

/// An exporter is given its settings, secrets among them, and may say them again: in a panic, a refusal or a label.
fn redact(status: &mut Status, secrets: &Secrets) {
    let clean = |text: &mut String| {
        if let Cow::Owned(redacted) = secrets.redact(text) {
            *text = redacted;
        }
    };
    status.runtime.reasons.iter_mut().for_each(clean);
    // The path of a file may have come from a variable.
    for receiver in &mut status.receivers {
        let tls = receiver.tls.as_mut().and_then(|tls| tls.reload_failure.as_mut());
        let auth = receiver.auth.as_mut().and_then(|auth| auth.reload_failure.as_mut());
        tls.into_iter().chain(auth).for_each(clean);
    }
    for exporter in &mut status.exporters {
        [&mut exporter.description, &mut exporter.version].into_iter().for_each(clean);
        exporter.paused.iter_mut().for_each(clean);
        if let Some(NarrowingStatus { allow, deny, delete, hash, .. }) = &mut exporter.narrowing {
            allow.iter_mut().flatten().chain(deny).chain(delete).chain(hash).for_each(clean);
        }
        exporter.last_fault.iter_mut().map(|fault| &mut fault.detail).for_each(clean);
        exporter.last_refusal.iter_mut().map(|refusal| &mut refusal.reason).for_each(clean);
        exporter
            .guest_metrics
            .iter_mut()
            .flat_map(|metric| &mut metric.labels)
            .map(|label| &mut label.1)
            .for_each(clean);
    }
}

fn intake(pipeline: &Pipeline) -> IntakeStatus {
    let mut intake = IntakeStatus::default();
    for signal in Signal::ALL {
        let recorded = pipeline.recorded(signal);
        let received = pipeline.received(signal);
        intake.recorded += recorded.recorded;
        intake.received += received.received;
        intake.sampled_out += recorded.sampled_out + received.sampled_out;
        intake.accepted += recorded.accepted + received.accepted;
        for (reason, rows) in recorded.dropped() {
            *intake.dropped.entry(reason.as_str()).or_default() += rows;
        }
    }
    let places = intake.sampled_out + intake.accepted + intake.dropped.values().sum::<u64>();
    intake.is_balanced = intake.recorded + intake.received == places;
    intake
}

/// One budget for all.
fn sandbox(cpu: CpuState) -> SandboxStatus {
    SandboxStatus {
        cpu_share: cpu.cpu_share,
        cpu_seconds: cpu.cpu.as_secs_f64(),
        cpu_debt_seconds: cpu.cpu_debt.as_secs_f64(),
        calls_waiting: cpu.calls_waiting,
    }
}

fn exporter(outlet: &Outlet, now: Duration) -> ExporterStatus {
    let (lane, settings) = (&outlet.lane, outlet.lane.settings());
    let attempts = lane.attempts();
    let (queue, limits) = (lane.queue_use(), settings.queue);
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let pause = lane.pause(now);
    let status = ExporterStatus {
        name: settings.name.clone(),
        component: outlet.component.clone(),
        required: settings.required,
        state: state_of(lane, pause.is_some()).to_owned(),
        paused: pause.map(|pause| pause.reason),
        last_fault: last_fault(&attempts, now),
        last_refusal: last_refusal(&attempts, now),
        queue: QueueStatus {
            rows: count(queue.rows),
            max_rows: count(limits.max_rows),
            bytes: count(queue.bytes),
            max_bytes: count(limits.max_bytes),
        },
        ledger: LedgerStatus::from(&lane.ledger()),
        not_subscribed: lane.not_subscribed(),
        narrowing: outlet.narrowing.clone().map(|narrowing| with_changes(narrowing, lane.unseen())),
        attempts: attempt_counts(&attempts),
        faults: attempts.faults.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
        ..ExporterStatus::default()
    };
    match &outlet.sandboxed {
        Some(exporter) => {
            let description = exporter.description();
            let (description, version) = (description.name.clone(), description.version.clone());
            with_sandbox(ExporterStatus { description, version, ..status }, exporter.state())
        }
        None => status,
    }
}

fn with_changes(narrowing: NarrowingStatus, changes: Changes) -> NarrowingStatus {
    NarrowingStatus {
        attributes_not_granted: changes.not_granted,
        attributes_deleted: changes.deleted,
        attributes_hashed: changes.hashed,
        ..narrowing
    }
}

/// A lane's own word: one that faulted too often is left alone, whatever it is made of.
fn state_of(lane: &Lane, is_paused: bool) -> &'static str {
    match lane.standing() {
        Standing::Open { .. } => "quarantined",
        Standing::Probing => "probing",
        Standing::Closed if is_paused => "paused",
        Standing::Closed => "healthy",
    }
}

/// What the sandbox knows better: health, and faults outside of exports.
fn with_sandbox(status: ExporterStatus, state: ExporterState) -> ExporterStatus {
    let last_fault = state.last_fault.as_ref().map(|last| FaultStatus {
        kind: last.fault.kind.as_str(),
        detail: last.fault.detail.clone(),
        seconds_ago: last.at.elapsed().as_secs_f64(),
    });
    let faults: BTreeMap<_, _> = state.faults.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    let is_called = matches!(state.health.as_str(), "healthy" | "suspect");
    ExporterStatus {
        state: if is_called && status.state != "healthy" { status.state } else { state.health.as_str().to_owned() },
        last_fault: last_fault.or(status.last_fault),
        faults: if faults.is_empty() { status.faults } else { faults },
        cost: Some(cost(&state)),
        sandbox: Some(SandboxCounts {
            rebuilds: state.rebuilds,
            recycles: state.recycles,
            log_lines_suppressed: state.log_lines_suppressed,
            metric_values_dropped: state.metrics_dropped,
            terminal_bytes_dropped: state.terminal_bytes_dropped,
        }),
        http: Some(HttpStatus {
            requests: state.http_requests,
            denied: state.http_denied,
            accepted_unsent: state.http_accepted_unsent,
            over_quota: state.http_over_quota,
            in_flight: state.http_in_flight,
            bytes_out: state.http_bytes_out,
            bytes_in: state.http_bytes_in,
        }),
        guest_metrics: state.metrics,
        ..status
    }
}

fn cost(state: &ExporterState) -> CostStatus {
    let cost = &state.cost;
    let fuel_per_row = if cost.rows == 0 { 0.0 } else { cost.fuel as f64 / cost.rows as f64 };
    CostStatus {
        calls: cost.calls,
        rows: cost.rows,
        fuel: cost.fuel,
        fuel_per_row,
        cpu_seconds: cost.cpu.as_secs_f64(),
        throttled_seconds: cost.throttled.as_secs_f64(),
        contended_seconds: cost.contended.as_secs_f64(),
        cpu_debt_seconds: cost.cpu_debt.as_secs_f64(),
        memory_bytes: cost.memory_bytes,
        memory_peak_bytes: cost.memory_peak_bytes,
        instances: state.instances,
    }
}

fn last_fault(attempts: &AttemptLog, now: Duration) -> Option<FaultStatus> {
    attempts.last_fault.as_ref().map(|(fault, at)| FaultStatus {
        kind: fault.kind.as_str(),
        detail: fault.detail.clone(),
        seconds_ago: now.saturating_sub(*at).as_secs_f64(),
    })
}

fn last_refusal(attempts: &AttemptLog, now: Duration) -> Option<RefusalStatus> {
    attempts.last_refusal.as_ref().map(|(refused, at)| RefusalStatus {
        outcome: refused.outcome,
        reason: refused.reason.clone(),
        seconds_ago: now.saturating_sub(*at).as_secs_f64(),
    })
}

fn attempt_counts(attempts: &AttemptLog) -> AttemptCounts {
    AttemptCounts {
        accepted: attempts.accepted,
        partial: attempts.partial,
        retry_after: attempts.retry_after,
        rejected: attempts.rejected,
        fault: attempts.faults.values().sum(),
        unavailable: attempts.unavailable,
        unauthorized: attempts.unauthorized,
    }
}
