//! A batch in a queue.

use std::{sync::Arc, time::Duration};

use crate::{batch::Batch, poison::Suspicion};

/// A batch that waits for an attempt, or is being tried. All times are monotonic.
#[derive(Clone, Debug)]
pub struct QueueEntry {
    /// What is to be delivered.
    pub batch: Arc<Batch>,
    /// When it first entered the queue.
    pub enqueued_at: Duration,
    /// Attempts begun, this one included.
    pub attempt: u32,
    /// What its rows did. Kept by whoever tries it.
    pub suspicion: Suspicion,
    /// Attempts that ended because the backend did not take the credentials. Counted by whoever tries it.
    pub unauthorized: u32,
    /// Whether it is counted what the exporter is not shown of it. Kept by whoever tries it.
    pub is_narrowing_counted: bool,
    /// When it may be tried next.
    pub not_before: Duration,
    /// Its place.
    pub(super) sequence: u64,
}

impl QueueEntry {
    /// The same entry with a part of its batch, or with a batch made of it.
    #[must_use]
    pub fn with_batch(&self, batch: Arc<Batch>) -> Self {
        Self { batch, ..self.clone() }
    }

    /// The same entry, to be tried no sooner than this.
    #[must_use]
    pub fn not_before(mut self, not_before: Duration) -> Self {
        self.not_before = not_before;
        self
    }

    /// Rows of the batch.
    pub fn rows(&self) -> u32 {
        self.batch.len()
    }

    /// The entry in two, to find the row that makes an exporter fault: each half has attempts of its own. One row cannot be
    /// cut.
    pub fn halves(&self) -> Option<[Self; 2]> {
        let (rows, suspicion) = (self.rows(), self.suspicion.of_part());
        let middle = rows / 2;
        let half = |range| Self { attempt: 0, suspicion, ..self.with_batch(Arc::new(self.batch.piece(range))) };
        (middle > 0).then(|| [half(0..middle), half(middle..rows)])
    }
}
