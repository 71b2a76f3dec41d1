//! What was handed in and not handed on.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Counts of one processor or exporter. Clones share them; take one before the processor is given away.
#[derive(Clone, Debug, Default)]
pub struct SpanCounts(Arc<AtomicU64>);

impl SpanCounts {
    /// Spans that ended on one of spangate's own threads and were not recorded: delivering them would make the next.
    pub fn own_work(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn count_own_work(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}
