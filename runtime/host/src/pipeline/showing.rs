//! What an exporter is not to see is taken out before it is called, on the threads that run its calls.
//!
//! Rows that are left out are settled at once, under a reason of their own; what is left takes their place in the queue in
//! the form it came in. Attributes are counted once for each row, however often it is tried.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, Fault, FaultKind},
    narrow::{Narrowing, Rest, Shown},
    queue::QueueEntry,
    tally::{DropReason, Settled},
};

use super::{caught::catch, lane::Lane, lane_state::Probes};

impl Lane {
    /// The batch under a narrowing, made where the exporter runs.
    ///
    /// # Errors
    /// If that place is gone, or the host panicked.
    pub(super) async fn show(&self, batch: &Arc<Batch>, narrowing: &Arc<Narrowing>) -> Result<Shown, ExportError> {
        let made = Arc::new(OnceLock::new());
        let preparation = {
            let (made, batch, narrowing) = (made.clone(), batch.clone(), narrowing.clone());
            Box::new(move || {
                let _ = made.set(batch.show(&narrowing));
            })
        };
        catch(|| self.exporter.prepare(preparation)).await?;
        made.get().cloned().ok_or_else(|| {
            let detail = "the batch was not narrowed".to_owned();
            ExportError::Fault(Fault { kind: FaultKind::HostError, detail })
        })
    }

    /// Settles the rows that are left out, and leaves the others to the entry. What the exporter is to see of them; none if
    /// no row is left.
    pub(super) fn leave_out(&self, entry: &mut QueueEntry, shown: &Shown) -> Option<Arc<Batch>> {
        let rest = match shown.rest() {
            Rest::Everything => Some(entry.batch.clone()),
            Rest::Rows(rest) => Some(rest),
            Rest::Nothing => None,
        };
        let left_out = entry.rows() - rest.as_ref().map_or(0, |rest| rest.len());
        if left_out > 0 {
            let dropped = Some((left_out, DropReason::Select));
            self.lock().queue.finish(Settled { dropped, ..Settled::default() });
            self.settled.notify_waiters();
        }
        entry.batch = rest?;
        if !entry.is_narrowing_counted {
            entry.is_narrowing_counted = true;
            self.unseen.add(shown.changes());
        }
        shown.batch()
    }

    /// A batch came to its end without a call: that says nothing about the exporter.
    pub(super) fn pass_over(&self, probes: Probes, now: Duration) {
        let mut state = self.lock();
        state.authorization.learn_nothing(probes.credentials, now);
        state.circuit.learn_nothing(probes.circuit, now);
        drop(state);
        self.changed.notify_one();
    }
}
