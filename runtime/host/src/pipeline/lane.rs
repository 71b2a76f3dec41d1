//! A lane: everything the pipeline knows about one exporter. Its queue, its ledger, its back-off.
//!
//! Queue and ledger move under one lock, so that at any moment the ledger says where every row is. Nothing is awaited
//! under that lock, and no foreign code runs under it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use spangate_core::{
    batch::{Batch, Origin},
    exporter::{ExportError, ExportOutcome, Exporter},
    queue::{ExporterQueue, Pushed, QueueEntry, WhenFull},
    signal::Signal,
    tally::{DropReason, Ledger, Settled, Tally},
};
use tokio::sync::{Notify, futures::Notified};

use super::{
    attempts::{AttemptLog, Attempts},
    complaints::Complaints,
    lane_settings::LaneSettings,
    subscription::Wanted,
    verdict::{Next, Tried, judge},
};
use crate::telemetry::Log;

/// No pause is shorter, and none is longer, whatever asks for it.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(300)];

/// Everything the pipeline knows about one exporter.
pub(crate) struct Lane {
    pub(super) settings: LaneSettings,
    pub(super) exporter: Arc<dyn Exporter>,
    pub(super) complaints: Complaints,
    tally: Arc<Tally>,
    state: Mutex<State>,
    attempts: Attempts,
    not_subscribed: AtomicU64,
    /// Something may be ready to be tried.
    changed: Notify,
    /// Rows came to their end.
    settled: Notify,
}

struct State {
    queue: ExporterQueue,
    /// Taken from senders that were told so, and refused by a queue that filled up meanwhile. Bounded, because
    /// receivers are held back while it is not empty.
    held: VecDeque<Arc<Batch>>,
    paused: Option<Pause>,
    rng: Rng,
}

/// Why nothing is tried now.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
    /// By the pipeline's monotonic clock.
    pub(crate) until: Duration,
    /// What a person should know.
    pub(crate) reason: String,
}

/// What a worker does next.
pub(super) enum Step {
    /// Hand this to the exporter.
    Try(QueueEntry),
    /// Nothing is ready before this moment; none if nothing waits.
    WaitUntil(Option<Duration>),
}

/// How full a queue is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QueueUse {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Lane {
    /// A lane at rest. A queue may refuse only if that holds receivers back: without that it drops.
    pub(crate) fn new(mut settings: LaneSettings, exporter: Arc<dyn Exporter>, log: Log) -> Self {
        if !settings.required && settings.queue.when_full == WhenFull::Refuse {
            settings.queue.when_full = WhenFull::DropNewest;
        }
        let tally = Arc::new(Tally::default());
        let state = State {
            queue: ExporterQueue::new(settings.queue, tally.clone()),
            held: VecDeque::new(),
            paused: None,
            rng: Rng::new(),
        };
        Self {
            complaints: Complaints::new(log, settings.name.clone()),
            settings,
            exporter,
            tally,
            state: Mutex::new(state),
            attempts: Attempts::default(),
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
            Pushed::Refused(batch) if matches!(batch.origin(), Origin::Received(_)) => state.held.push_back(batch),
            Pushed::Refused(batch) => self.drop_refused(&batch, DropReason::QueueFull),
        }
        drop(state);
        self.changed.notify_one();
    }

    /// What a worker does next. A batch that is handed out is in flight until [`Self::settle`] or [`Self::abandon`].
    pub(super) fn next_step(&self, now: Duration) -> Step {
        let mut state = self.lock();
        if let Some(pause) = &state.paused {
            if now < pause.until {
                return Step::WaitUntil(Some(pause.until));
            }
            state.paused = None;
        }
        let Some(entry) = state.queue.pop_ready(now) else {
            return Step::WaitUntil(state.queue.next_ready_at());
        };
        state.take_back_held(now);
        if !state.queue.is_empty() {
            // Another worker may be asleep: each wakes the next.
            self.changed.notify_one();
        }
        Step::Try(entry)
    }

    /// Puts every row of an attempt where it belongs.
    pub(super) fn settle(
        &self,
        mut entry: QueueEntry,
        answer: &Result<ExportOutcome, ExportError>,
        now: Duration,
    ) -> Settled {
        self.attempts.count(answer, now);
        let mut state = self.lock();
        let is_too_old = self.settings.retry.is_too_old(entry.enqueued_at, now);
        let verdict = judge(Tried { rows: entry.rows(), faults: entry.faults, is_too_old }, answer);
        let again = match verdict.next {
            Next::Done => None,
            Next::Retry { rows, requested, faults } => {
                let delay = self.settings.retry.delay(entry.attempt, requested, state.rng.u64(..));
                entry.faults = faults;
                let entry = match rows {
                    Some(rows) => entry.with_batch(Arc::new(entry.batch.select(&rows))),
                    None => entry,
                };
                Some(entry.not_before(now.saturating_add(delay)))
            }
            Next::Pause(delay) => {
                // It was not tried: the attempt that was counted when it was taken out is taken back.
                entry.attempt = entry.attempt.saturating_sub(1);
                state.pause(now, delay, answer);
                Some(entry)
            }
        };
        match again {
            Some(entry) => state.queue.requeue([entry], Settled { requeued: 0, ..verdict.settled }),
            None => state.queue.finish(verdict.settled),
        }
        drop(state);
        self.settled.notify_waiters();
        self.changed.notify_one();
        verdict.settled
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

    /// Wakes when something may be ready to be tried.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Wakes when rows came to their end.
    pub(super) fn settled(&self) -> Notified<'_> {
        self.settled.notified()
    }

    /// Where every row is.
    pub(crate) fn ledger(&self) -> Ledger {
        self.tally.read()
    }

    /// How it is fed.
    pub(crate) fn settings(&self) -> &LaneSettings {
        &self.settings
    }

    /// How attempts ended.
    pub(crate) fn attempts(&self) -> AttemptLog {
        self.attempts.read()
    }

    /// Rows it was not offered because it wants other events or signals.
    pub(crate) fn not_subscribed(&self) -> u64 {
        self.not_subscribed.load(Ordering::Relaxed)
    }

    /// Why nothing is tried now, if that is so.
    pub(crate) fn pause(&self, now: Duration) -> Option<Pause> {
        self.lock().paused.clone().filter(|pause| now < pause.until)
    }

    /// How full its queue is.
    pub(crate) fn queue_use(&self) -> QueueUse {
        let state = self.lock();
        QueueUse { rows: state.queue.rows(), bytes: state.queue.bytes() }
    }

    fn count_not_subscribed(&self, rows: u32) {
        self.not_subscribed.fetch_add(u64::from(rows), Ordering::Relaxed);
    }

    fn drop_refused(&self, batch: &Batch, reason: DropReason) {
        self.tally.accept(batch.len());
        self.tally.drop_queued(batch.len(), reason);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_back_held(&mut self, now: Duration) {
        while let Some(batch) = self.held.pop_front() {
            if let Pushed::Refused(batch) = self.queue.push(batch, now) {
                self.held.push_front(batch);
                return;
            }
        }
    }

    fn pause(&mut self, now: Duration, delay: Duration, answer: &Result<ExportOutcome, ExportError>) {
        let [shortest, longest] = PAUSES;
        let reason = match answer {
            Err(ExportError::Unavailable { reason, .. }) => reason.clone(),
            _ => String::new(),
        };
        self.paused = Some(Pause { until: now.saturating_add(delay.clamp(shortest, longest)), reason });
    }
}
