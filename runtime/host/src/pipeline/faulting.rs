//! Faults: whom they speak against, when the exporter is left alone, and what is cut to find the row that causes them.

use std::time::Duration;

use spangate_core::{
    exporter::{ExportError, ExportOutcome},
    poison::{Call, May, Ruling, Standing, Suspicion},
    queue::QueueEntry,
    tally::Settled,
};

use super::{
    lane::{Lane, Pause, State, Step},
    lane_settings::LaneSettings,
};
use crate::telemetry::Level;

/// What is known of rows after an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accused {
    pub(super) suspicion: Suspicion,
    /// What follows, if they faulted.
    pub(super) blame: Ruling,
}

/// What changed for a person to know.
enum News {
    Opened { length: Duration, why: String, waiting: usize },
    Closed,
}

impl Lane {
    /// What an answer says about the exporter and about the rows.
    pub(super) fn judge_fault(
        &self,
        (entry, is_probe): (&QueueEntry, bool),
        answer: &Result<ExportOutcome, ExportError>,
        now: Duration,
    ) -> Accused {
        let whole = entry.batch.whole();
        let call = Call { batch: whole, is_part: entry.suspicion.is_part(), is_probe };
        let mut state = self.lock();
        let mut accused = Accused { suspicion: entry.suspicion, blame: Ruling::Again };
        let news = match answer {
            Ok(outcome) => {
                let is_final = !matches!(outcome, ExportOutcome::RetryAfter { .. });
                state.circuit.pass(call, is_final).then_some(News::Closed)
            }
            Err(ExportError::Fault(_)) => {
                let is_new = state.circuit.standing() == Standing::Closed;
                let chance = state.rng.f64();
                let opened = state.circuit.fault(call, now, chance);
                (accused.suspicion, accused.blame) = entry.suspicion.after_fault(entry.rows(), &state.circuit);
                if accused.blame == Ruling::Poison {
                    state.circuit.resolve(whole);
                }
                let waiting = state.queue.rows();
                opened.filter(|_| is_new).map(|length| News::Opened { length, why: state.why_open(), waiting })
            }
            Err(ExportError::Unavailable { .. } | ExportError::Unauthorized { .. }) => {
                state.circuit.learn_nothing(is_probe, now);
                None
            }
        };
        drop(state);
        self.tell_circuit(news, answer);
        accused
    }

    /// Puts a batch back in two halves. Not under the lock: what is cut is copied.
    pub(super) fn cut(&self, entry: QueueEntry) {
        let halves = entry.halves();
        let mut state = self.lock();
        match halves {
            Some(halves) => state.queue.requeue(halves, Settled::default()),
            None => state.queue.requeue([entry], Settled::default()),
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Tells what waited in vain.
    pub(super) fn tell_too_old(&self, rows: u64) {
        if rows == 0 {
            return;
        }
        let problem = self.attempts.read().last_problem().unwrap_or_default();
        self.log.complain(format_args!("dropped {rows} rows (too_old): {problem}"));
        self.settled.notify_waiters();
    }

    fn tell_circuit(&self, news: Option<News>, answer: &Result<ExportOutcome, ExportError>) {
        match (news, answer) {
            (Some(News::Opened { length, why, waiting }), Err(ExportError::Fault(fault))) => {
                let length = length.as_secs_f64();
                let line = format_args!("left alone for {length:.1} s: {why}; {waiting} rows wait; the last: {fault}");
                self.log.tell(Level::Warn, line);
            }
            (Some(News::Closed), _) => self.log.tell(Level::Info, format_args!("called again: it works")),
            _ => {}
        }
    }
}

impl State {
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

    fn why_open(&self) -> String {
        match self.circuit.is_exporter_blamed() {
            true => format!("it faulted on {} of its latest 10 batches", self.circuit.batches_faulted()),
            false => format!("it faulted {} times in a row", self.circuit.faults_in_a_row()),
        }
    }
}

/// So that a worker that waits for a moment wakes after it.
const TICK: Duration = Duration::from_millis(1);
