//! What a layer was told and did not record.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Counts of one layer. Clones share them; take one before the layer is given away.
#[derive(Clone, Debug, Default)]
pub struct LayerCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    events_outside_spans: AtomicU64,
}

impl LayerCounts {
    /// Events that happened outside of any span that the layer records: spans have nothing to do with them, so they were
    /// left to other layers. Events inside spans that are not sampled are not among them.
    pub fn events_outside_spans(&self) -> u64 {
        self.0.events_outside_spans.load(Relaxed)
    }

    pub(crate) fn count_event_outside_spans(&self) {
        self.0.events_outside_spans.fetch_add(1, Relaxed);
    }

    /// Tells layers apart.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}
