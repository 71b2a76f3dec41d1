//! Faults: whom they speak against, when the exporter is left alone, and what is cut to find the row that causes them.

use std::time::Duration;

use spangate_core::{
    exporter::{ExportError, ExportOutcome},
    poison::{Call, Ruling, Standing, Suspicion},
    queue::QueueEntry,
    tally::Settled,
};

use super::lane::Lane;
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
