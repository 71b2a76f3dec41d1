//! What calls used: of one call, and of an exporter since the start.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use spangate_core::exporter::FaultKind;

use super::interval::YieldInterval;

/// What one call used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CallUsage {
    /// Units of fuel.
    pub(super) fuel: u64,
    /// Thread CPU time.
    pub(super) cpu: Duration,
    /// Wall clock, waiting for CPU credit excluded.
    pub(super) wall: Duration,
    /// Turns that the call had.
    pub(super) slices: u64,
    /// CPU time of the longest slice.
    pub(super) longest_slice: Duration,
    /// Bytes of linear memory when the call ended: memory never shrinks.
    pub(super) memory: usize,
}

/// What an exporter used since the start. Written slice by slice, so that an abandoned call is billed too.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) calls: AtomicU64,
    pub(super) rows: AtomicU64,
    pub(super) fuel: AtomicU64,
    pub(super) cpu_nanoseconds: AtomicU64,
    pub(super) throttled_nanoseconds: AtomicU64,
    pub(super) contended_nanoseconds: AtomicU64,
    pub(super) rebuilds: AtomicU64,
    pub(super) recycles: AtomicU64,
    pub(super) instances: AtomicU64,
    pub(super) memory: AtomicU64,
    pub(super) memory_peak: AtomicU64,
    pub(super) accepted_unsent: AtomicU64,
    /// What its slices taught so far.
    pub(super) interval: YieldInterval,
    faults: [AtomicU64; FaultKind::ALL.len()],
}

impl Totals {
    /// CPU time of one slice.
    pub(super) fn add_cpu(&self, slice: Duration) {
        self.cpu_nanoseconds.fetch_add(nanoseconds(slice), Relaxed);
    }

    /// Time spent waiting because it was over its own share.
    pub(super) fn add_throttled(&self, time: Duration) {
        self.throttled_nanoseconds.fetch_add(nanoseconds(time), Relaxed);
    }

    /// Time spent waiting because others had their turn, or all together were over the common budget.
    pub(super) fn add_contended(&self, time: Duration) {
        self.contended_nanoseconds.fetch_add(nanoseconds(time), Relaxed);
    }

    /// A fault.
    pub(super) fn add_fault(&self, kind: FaultKind) {
        if let Some(count) = self.faults.get(kind as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// An instance's memory went from `old` to `new` bytes.
    pub(super) fn move_memory(&self, old: usize, new: usize) {
        self.memory.fetch_add(new as u64, Relaxed);
        self.memory.fetch_sub(old as u64, Relaxed);
        self.memory_peak.fetch_max(new as u64, Relaxed);
    }

    /// Faults by kind; kinds that never happened are left out.
    pub(super) fn faults(&self) -> Vec<(FaultKind, u64)> {
        let counts = FaultKind::ALL.into_iter().zip(&self.faults).map(|(kind, count)| (kind, count.load(Relaxed)));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
