//! Counts how attempts ended, and remembers the latest fault.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use spangate_core::exporter::{ExportError, ExportOutcome, Fault, FaultKind};

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
    /// By kind; kinds that never happened are left out.
    pub(crate) faults: BTreeMap<FaultKind, u64>,
    /// The latest fault, and when it happened by the pipeline's monotonic clock.
    pub(crate) last_fault: Option<(Fault, Duration)>,
}

impl Attempts {
    pub(super) fn count(&self, answer: &Result<ExportOutcome, ExportError>, now: Duration) {
        let mut counts = self.lock();
        match answer {
            Ok(ExportOutcome::Accepted) => counts.accepted += 1,
            Ok(ExportOutcome::Partial(_)) => counts.partial += 1,
            Ok(ExportOutcome::RetryAfter { .. }) => counts.retry_after += 1,
            Ok(ExportOutcome::Rejected { .. }) => counts.rejected += 1,
            Err(ExportError::Unavailable { .. }) => counts.unavailable += 1,
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
