//! What moves together in a lane: its queue, and what keeps its exporter from being called.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use fastrand::Rng;
use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportOutcome},
    poison::{Circuit, May, Standing},
    queue::{ExporterQueue, Pushed, QueueEntry},
    tally::Tally,
};

use super::{authorization::Authorization, lane_settings::LaneSettings};

/// So that a worker that waits for a moment wakes after it.
const TICK: Duration = Duration::from_millis(1);
/// What an exporter asks for is never shorter, and never longer.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(300)];

/// Everything in a lane that is under its lock.
pub(super) struct State {
    pub(super) queue: ExporterQueue,
    /// Taken from senders that were told so, and refused by a queue that filled up meanwhile. Bounded, because
    /// receivers are held back while it is not empty.
    pub(super) held: VecDeque<Arc<Batch>>,
    /// The exporter asked for it.
    pub(super) paused: Option<Pause>,
    pub(super) authorization: Authorization,
    pub(super) circuit: Circuit,
    pub(super) rng: Rng,
    /// The pipeline is being emptied for good.
    pub(super) is_closing: bool,
    /// Nothing more will be delivered before the end.
    pub(super) is_hopeless: bool,
}

/// Why nothing is tried now.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
    /// By the pipeline's monotonic clock.
    pub(crate) until: Duration,
    /// What a person should know.
    pub(crate) reason: String,
}

/// What an attempt tries out beside delivering: whether the backend takes the credentials again, whether the exporter works
/// again. Attempts that were begun before say nothing about either.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probes {
    pub(super) credentials: bool,
    pub(super) circuit: bool,
}

/// What a worker does next.
pub(super) enum Step {
    /// Hand this to the exporter.
    Try(QueueEntry, Probes),
    /// Cut this in two, and ask again.
    Cut(QueueEntry),
    /// Nothing is ready before this moment; none if nothing waits.
    WaitUntil(Option<Duration>),
}

impl State {
    /// Nothing waits, and nothing is known of the exporter.
    pub(super) fn new(settings: &LaneSettings, tally: Arc<Tally>) -> Self {
        Self {
            queue: ExporterQueue::new(settings.queue, tally),
            held: VecDeque::new(),
            paused: None,
            authorization: Authorization::new(settings.pause),
            circuit: Circuit::default(),
            rng: Rng::new(),
            is_closing: false,
            is_hopeless: false,
        }
    }

    /// None if a batch may be tried; or until when it may not, if that is known.
    pub(super) fn may_try(&mut self, now: Duration) -> Option<Option<Duration>> {
        if let Some(pause) = &self.paused {
            if now < pause.until {
                return Some(Some(pause.until));
            }
            self.paused = None;
        }
        for may in [self.authorization.may_try(now), self.circuit.may_try(now)] {
            match may {
                May::Now => {}
                May::At(until) => return Some(Some(until)),
                // Whoever settles the probe wakes this worker.
                May::AfterProbe => return Some(None),
            }
        }
        None
    }

    /// Waits until then, or until something that waits is too old.
    pub(super) fn wait(&self, until: Option<Duration>, max_age: Duration) -> Step {
        // A batch is too old when it is older, not when it is as old.
        let oldest = if self.authorization.pause().is_none() { self.queue.oldest() } else { None };
        let too_old = oldest.map(|oldest| oldest.saturating_add(max_age).saturating_add(TICK));
        Step::WaitUntil([until, too_old].into_iter().flatten().min())
    }

    /// What waits for an exporter that is not called is given up at its age; returns the rows. What a refusal of the
    /// credentials keeps waiting is kept.
    pub(super) fn drop_old(&mut self, settings: &LaneSettings, now: Duration) -> u64 {
        if self.authorization.pause().is_some() {
            return 0;
        }
        self.queue.drop_older_than(settings.retry.max_age, now)
    }

    /// Until when the circuit keeps it from being called.
    pub(super) fn open_until(&self) -> Option<Duration> {
        match self.circuit.standing() {
            Standing::Open { until } => Some(until),
            Standing::Closed | Standing::Probing => None,
        }
    }

    /// The circuit as a pause.
    pub(super) fn open_pause(&self) -> Option<Pause> {
        self.open_until().map(|until| Pause { until, reason: self.why_open() })
    }

    pub(super) fn why_open(&self) -> String {
        match self.circuit.is_exporter_blamed() {
            true => format!("it faulted on {} of its latest 10 batches", self.circuit.batches_faulted()),
            false => format!("it faulted {} times in a row", self.circuit.faults_in_a_row()),
        }
    }

    /// The exporter cannot be called now, and says when it may be.
    pub(super) fn pause(&mut self, now: Duration, delay: Duration, answer: &Result<ExportOutcome, ExportError>) {
        let [shortest, longest] = PAUSES;
        let reason = match answer {
            Err(ExportError::Unavailable { reason, .. }) => reason.clone(),
            _ => String::new(),
        };
        self.paused = Some(Pause { until: now.saturating_add(delay.clamp(shortest, longest)), reason });
    }

    /// Batches for which there was no room, as far as there is some.
    pub(super) fn take_back_held(&mut self, now: Duration) {
        while let Some(batch) = self.held.pop_front() {
            if let Pushed::Refused(batch) = self.queue.push(batch, now) {
                self.held.push_front(batch);
                return;
            }
        }
    }
}
