//! A lane: everything the pipeline knows about one exporter. Its queue, its ledger, its back-off.
//!
//! Queue and ledger move under one lock, so that at any moment the ledger says where every row is. Nothing is awaited
//! under that lock, and no foreign code runs under it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    exporter::Exporter,
    queue::{Pushed, QueueEntry, WhenFull},
    signal::Signal,
    tally::{DropReason, Settled, Tally},
};
use tokio::sync::{Notify, futures::Notified};

use super::{
    attempts::Attempts,
    dead_letters::DeadLetters,
    lane_settings::LaneSettings,
    lane_state::{Probes, State, Step},
    subscription::Wanted,
    unseen::Unseen,
};
use crate::telemetry::SparingLog;

/// Everything the pipeline knows about one exporter.
pub(crate) struct Lane {
    pub(super) settings: LaneSettings,
    pub(super) exporter: Arc<dyn Exporter>,
    /// What is said about the exporter, in few lines.
    pub(super) log: Arc<SparingLog>,
    pub(super) attempts: Attempts,
    /// Where rows go that the exporter cannot take; none drops them.
    pub(super) dead_letters: Option<DeadLetters>,
    /// What it was not shown.
    pub(super) unseen: Unseen,
    /// Whether the latest answer sent rows back to be tried later.
    pub(super) is_sent_back: AtomicBool,
    pub(super) tally: Arc<Tally>,
    state: Mutex<State>,
    pub(super) not_subscribed: AtomicU64,
    /// Something may be ready to be tried.
    pub(super) changed: Notify,
    /// Rows came to their end.
    pub(super) settled: Notify,
}

impl Lane {
    /// A lane at rest. A queue may refuse only if that holds receivers back: without that it drops.
    pub(crate) fn new(mut settings: LaneSettings, exporter: Arc<dyn Exporter>, log: Arc<SparingLog>) -> Self {
        if !settings.required && settings.queue.when_full == WhenFull::Refuse {
            settings.queue.when_full = WhenFull::DropNewest;
        }
        let tally = Arc::new(Tally::default());
        let state = State::new(&settings, Arc::clone(&tally));
        Self {
            dead_letters: settings.dead_letters.clone().map(DeadLetters::new),
            log,
            settings,
            exporter,
            tally,
            state: Mutex::new(state),
            attempts: Attempts::default(),
            unseen: Unseen::default(),
            is_sent_back: AtomicBool::new(false),
            not_subscribed: AtomicU64::new(0),
            changed: Notify::new(),
            settled: Notify::new(),
        }
    }

    /// Whether receivers may go on: false while a required exporter's queue is full.
    pub(super) fn has_room(&self, signal: Signal, rows: usize, bytes: usize) -> bool {
        if !self.settings.required || !self.settings.subscription.wants(signal) {
            return true;
        }
        let state = self.lock();
        state.held.is_empty() && state.queue.has_room(rows, bytes)
    }

    /// Takes what the exporter wants of a batch.
    pub(super) fn offer(&self, batch: &Arc<Batch>, now: Duration) {
        let wanted = match self.settings.subscription.wanted(batch) {
            Wanted::Nothing => return self.count_not_subscribed(batch.len()),
            Wanted::Everything => batch.clone(),
            Wanted::Rows(rows) => Arc::new(batch.select(&rows)),
        };
        self.count_not_subscribed(batch.len() - wanted.len());
        let mut state = self.lock();
        match state.queue.push(wanted, now) {
            Pushed::Queued | Pushed::Dropped(_) => {}
            // A sender was told that it is taken; nobody was told so of what was recorded here.
            Pushed::Refused(batch) if batch.is_received() => state.held.push_back(batch),
            Pushed::Refused(batch) => self.drop_refused(&batch, DropReason::QueueFull),
        }
        drop(state);
        self.changed.notify_one();
    }

    /// What a worker does next. A batch that is handed out is in flight until [`Self::settle`], [`Self::cut`] or
    /// [`Self::abandon`].
    pub(super) fn next_step(&self, now: Duration) -> Step {
        let mut state = self.lock();
        if let Some(until) = state.may_try(now) {
            let dropped = state.drop_old(&self.settings, now);
            state.take_back_held(now);
            let wait = state.wait(until, self.settings.retry.max_age);
            drop(state);
            self.tell_too_old(dropped);
            return wait;
        }
        // Of those that left the queue some may not have been tried.
        state.take_back_held(now);
        let Some(entry) = state.queue.pop_ready(now) else {
            return Step::WaitUntil(state.queue.next_ready_at());
        };
        if entry.suspicion.is_cut_next(entry.rows(), &state.circuit) {
            return Step::Cut(entry);
        }
        let probes = Probes { credentials: state.authorization.begin(), circuit: state.circuit.begin() };
        state.take_back_held(now);
        if !state.queue.is_empty() {
            // Another worker may be asleep: each wakes the next.
            self.changed.notify_one();
        }
        Step::Try(entry, probes)
    }

    /// The last chance for what waits: a backend that refuses the credentials is asked once more, at once.
    pub(super) fn begin_closing(&self, now: Duration) {
        let mut state = self.lock();
        state.is_closing = true;
        if state.authorization.pause().is_some() {
            state.authorization.probe_now(now);
            state.queue.ready_all(now);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Gives up a batch that is in flight, because the process stops.
    pub(super) fn abandon(&self, entry: &QueueEntry) {
        let dropped = Some((entry.rows(), DropReason::Shutdown));
        self.lock().queue.finish(Settled { dropped, ..Settled::default() });
        self.settled.notify_waiters();
    }

    /// Gives up everything that waits, because the process stops.
    pub(super) fn abandon_queued(&self) {
        let mut state = self.lock();
        state.queue.drop_all(DropReason::Shutdown);
        while let Some(batch) = state.held.pop_front() {
            self.drop_refused(&batch, DropReason::Shutdown);
        }
        drop(state);
        self.settled.notify_waiters();
    }

    /// Wakes when something may be ready to be tried.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Wakes when rows came to their end.
    pub(super) fn settled(&self) -> Notified<'_> {
        self.settled.notified()
    }

    /// How it is fed.
    pub(crate) fn settings(&self) -> &LaneSettings {
        &self.settings
    }

    /// What is said about the exporter.
    pub(crate) fn log(&self) -> &Arc<SparingLog> {
        &self.log
    }

    fn count_not_subscribed(&self, rows: u32) {
        self.not_subscribed.fetch_add(u64::from(rows), Ordering::Relaxed);
    }

    fn drop_refused(&self, batch: &Batch, reason: DropReason) {
        self.tally.accept(batch.len());
        self.tally.drop_queued(batch.len(), reason);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
