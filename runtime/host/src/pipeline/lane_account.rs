//! What a lane tells of itself.

use std::{sync::atomic::Ordering, time::Duration};

use spangate_core::{narrow::Changes, poison::Standing, tally::Ledger};

use super::{attempts::AttemptLog, lane::Lane, lane_state::Pause};

/// How full a queue is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QueueUse {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Lane {
    /// Where every row is.
    pub(crate) fn ledger(&self) -> Ledger {
        self.tally.read()
    }

    /// What [`Self::settled_rows`] will be when everything that was offered so far has come to its end.
    pub(super) fn mark(&self) -> u64 {
        let state = self.lock();
        self.tally.read().accepted + state.held.iter().map(|batch| u64::from(batch.len())).sum::<u64>()
    }

    /// Rows that came to their end, by whatever way. Only grows.
    pub(super) fn settled_rows(&self) -> u64 {
        let ledger = self.tally.read();
        ledger.delivered + ledger.rejected + ledger.dead_lettered + ledger.dropped_total()
    }

    /// Whether rows may come to their end by this moment: false if none is being tried and none may be tried before.
    pub(super) fn may_settle_by(&self, until: Duration) -> bool {
        let state = self.lock();
        let is_trying = self.tally.read().in_flight > 0;
        let refused_until = state.authorization.pause().map(|(until, _)| until);
        let paused_until = state.paused.as_ref().map(|pause| pause.until);
        let waits = [refused_until, paused_until, state.open_until()];
        let is_paused = state.is_hopeless || waits.into_iter().flatten().any(|at| at > until);
        let is_early = state.queue.next_ready_at().is_some_and(|ready_at| ready_at > until);
        is_trying || !(is_paused || is_early)
    }

    /// How attempts ended.
    pub(crate) fn attempts(&self) -> AttemptLog {
        self.attempts.read()
    }

    /// Attributes that it was not shown as they are.
    pub(crate) fn unseen(&self) -> Changes {
        self.unseen.read()
    }

    /// Rows it was not offered because it wants other events or signals.
    pub(crate) fn not_subscribed(&self) -> u64 {
        self.not_subscribed.load(Ordering::Relaxed)
    }

    /// Why nothing is tried now, or one batch at most, if that is so.
    pub(crate) fn pause(&self, now: Duration) -> Option<Pause> {
        let state = self.lock();
        let refused = state.authorization.pause().map(|(until, reason)| Pause { until, reason: reason.to_owned() });
        refused.or_else(|| state.paused.clone().filter(|pause| now < pause.until)).or_else(|| state.open_pause())
    }

    /// Whether it is called at all.
    pub(crate) fn standing(&self) -> Standing {
        self.lock().circuit.standing()
    }

    /// How full its queue is.
    pub(crate) fn queue_use(&self) -> QueueUse {
        let state = self.lock();
        QueueUse { rows: state.queue.rows(), bytes: state.queue.bytes() }
    }
}
