//! Counts how attempts ended, and remembers the latest fault.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use spangate_core::exporter::{ExportError, ExportOutcome, Fault, FaultKind};

/// Of what was said, in a report.
const MAX_PROBLEM_CHARS: usize = 200;

/// How the attempts of one exporter ended.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    counts: Mutex<AttemptLog>,
}

/// A copy of [`Attempts`] at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttemptLog {
    pub(crate) accepted: u64,
    pub(crate) partial: u64,
    pub(crate) retry_after: u64,
    pub(crate) rejected: u64,
    pub(crate) unavailable: u64,
    pub(crate) unauthorized: u64,
    /// By kind; kinds that never happened are left out.
    pub(crate) faults: BTreeMap<FaultKind, u64>,
    /// What the backend, or whoever speaks for it, said when it last did not take rows, and when that was.
    pub(crate) last_refusal: Option<(Refused, Duration)>,
    /// The latest fault, and when it happened by the pipeline's monotonic clock.
    pub(crate) last_fault: Option<(Fault, Duration)>,
}

/// An answer that left rows undelivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The outcome's name.
    pub(crate) outcome: &'static str,
    /// The exporter's words.
    pub(crate) reason: String,
}

impl Attempts {
    pub(super) fn count(&self, answer: &Result<ExportOutcome, ExportError>, now: Duration) {
        let mut counts = self.lock();
        match answer {
            Ok(ExportOutcome::Accepted) => counts.accepted += 1,
            Ok(ExportOutcome::Partial(partial)) => {
                counts.partial += 1;
                counts.note_refusal("partial", &partial.reason, now);
            }
            Ok(ExportOutcome::RetryAfter { reason, .. }) => {
                counts.retry_after += 1;
                counts.note_refusal("retry_after", reason, now);
            }
            Ok(ExportOutcome::Rejected { reason }) => {
                counts.rejected += 1;
                counts.note_refusal("rejected", reason, now);
            }
            Err(ExportError::Unavailable { reason, .. }) => {
                counts.unavailable += 1;
                counts.note_refusal("unavailable", reason, now);
            }
            Err(ExportError::Unauthorized { reason, .. }) => {
                counts.unauthorized += 1;
                counts.note_refusal("unauthorized", reason, now);
            }
            Err(ExportError::Fault(fault)) => {
                *counts.faults.entry(fault.kind).or_default() += 1;
                counts.last_fault = Some((fault.clone(), now));
            }
        }
    }

    pub(super) fn read(&self) -> AttemptLog {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, AttemptLog> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AttemptLog {
    /// What was said when rows were last not delivered, as one short line.
    pub(crate) fn last_problem(&self) -> Option<String> {
        let refusal = self.last_refusal.as_ref().map(|(refused, at)| (at, refused.outcome, refused.reason.as_str()));
        let fault = self.last_fault.as_ref().map(|(fault, at)| (at, fault.kind.as_str(), fault.detail.as_str()));
        let (_, what, why) = [refusal, fault].into_iter().flatten().max_by_key(|(at, ..)| *at)?;
        let line: String = why.split(['\n', '\r']).next().unwrap_or_default().chars().take(MAX_PROBLEM_CHARS).collect();
        Some(if line.is_empty() { what.to_owned() } else { format!("{what}: {line}") })
    }

    fn note_refusal(&mut self, outcome: &'static str, reason: &str, now: Duration) {
        self.last_refusal = Some((Refused { outcome, reason: reason.to_owned() }, now));
    }
}
