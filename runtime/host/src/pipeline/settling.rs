//! What an attempt means for its lane: every row to its place, and whether the next attempt has to wait.

use std::{sync::Arc, time::Duration};

use spangate_core::{
    exporter::{ExportError, ExportOutcome},
    queue::QueueEntry,
    tally::Settled,
};

use super::{
    authorization::{Ruling, sender_of},
    faulting::Accused,
    lane::Lane,
    lane_state::{Probes, State},
    verdict::{Next, Tried, Verdict, Wait, judge},
};
use crate::telemetry::Level;

/// The answer of an exporter.
type Answer = Result<ExportOutcome, ExportError>;

/// What changed for a person to know.
enum News {
    Paused { until: Duration, reason: String, waiting: usize },
    Resumed,
}

impl Lane {
    /// Puts every row of an attempt where it belongs.
    pub(super) fn settle(
        self: &Arc<Self>,
        (entry, probes): (QueueEntry, Probes),
        answer: &Answer,
        now: Duration,
    ) -> Settled {
        self.attempts.count(answer, now);
        let (ruling, mut news) = self.judge_credentials((&entry, probes.credentials), answer, now);
        let Accused { suspicion, blame } = self.judge_fault((&entry, probes.circuit), answer, now);
        let is_too_old = self.settings.retry.is_too_old(entry.enqueued_at, now);
        // Not under the lock: an answer may name a million rows, and those to be sent again are copied. Until they are
        // where they belong they are in flight.
        let Verdict { settled, next } =
            judge(Tried { rows: entry.rows(), suspicion, blame, is_too_old, ruling }, answer);
        if let (Next::Bury, Err(ExportError::Fault(fault))) = (&next, answer)
            && self.bury(&entry, fault)
        {
            return Settled::default();
        }
        let entry = match next.rows() {
            Some(rows) => entry.with_batch(Arc::new(entry.batch.select(rows))),
            None => entry,
        };
        let mut state = self.lock();
        match self.next_entry(&mut state, entry, &next, answer, now) {
            Some(entry) => state.queue.requeue([entry], Settled { requeued: 0, ..settled }),
            None => state.queue.finish(settled),
        }
        if let Some(News::Paused { waiting, .. }) = &mut news {
            *waiting = state.queue.rows();
        }
        drop(state);
        if let Some(news) = news {
            self.tell(now, &news);
        }
        self.settled.notify_waiters();
        self.changed.notify_one();
        settled
    }

    fn judge_credentials(
        &self,
        (entry, is_probe): (&QueueEntry, bool),
        answer: &Answer,
        now: Duration,
    ) -> (Option<Ruling>, Option<News>) {
        let mut state = self.lock();
        let sender = || sender_of(&entry.batch, &self.settings.sender_headers);
        match answer {
            Ok(ExportOutcome::Accepted | ExportOutcome::Partial(_)) => {
                (None, state.authorization.pass(sender()).then_some(News::Resumed))
            }
            Err(ExportError::Unauthorized { reason, .. }) => {
                let ruling = state.authorization.refuse(&sender(), (entry.unauthorized > 0, is_probe), reason, now);
                let news = match ruling {
                    Ruling::Paused { until, is_new: true } => {
                        Some(News::Paused { until, reason: reason.clone(), waiting: 0 })
                    }
                    _ => None,
                };
                state.is_hopeless |= state.is_closing && matches!(ruling, Ruling::Paused { .. });
                (Some(ruling), news)
            }
            Ok(ExportOutcome::RetryAfter { .. } | ExportOutcome::Rejected { .. })
            | Err(ExportError::Fault(_) | ExportError::Unavailable { .. }) => {
                state.authorization.learn_nothing(is_probe, now);
                (None, None)
            }
        }
    }

    /// What goes back into the queue, if anything does.
    fn next_entry(
        &self,
        state: &mut State,
        mut entry: QueueEntry,
        next: &Next,
        answer: &Answer,
        now: Duration,
    ) -> Option<QueueEntry> {
        match *next {
            Next::Done | Next::Bury => None,
            Next::Retry { wait, suspicion, .. } => {
                let delay = match wait {
                    Wait::Nothing => Duration::ZERO,
                    Wait::BackOff(requested) => self.settings.retry.delay(entry.attempt, requested, state.rng.u64(..)),
                };
                entry.suspicion = suspicion;
                Some(entry.not_before(now.saturating_add(delay)))
            }
            Next::Hold { not_before, .. } => {
                entry.unauthorized = entry.unauthorized.saturating_add(1);
                Some(entry.not_before(not_before))
            }
            Next::Pause(delay) => {
                // It was not tried: the attempt that was counted when it was taken out is taken back.
                entry.attempt = entry.attempt.saturating_sub(1);
                state.pause(now, delay, answer);
                Some(entry)
            }
        }
    }

    fn tell(&self, now: Duration, news: &News) {
        match news {
            News::Paused { until, reason, waiting } => {
                let pause = until.saturating_sub(now);
                let line = format_args!("paused: {reason}; {waiting} rows are kept, the next try is in {pause:?}");
                self.log.tell(Level::Error, line);
            }
            News::Resumed => self.log.tell(Level::Info, format_args!("no longer paused: the backend takes batches")),
        }
    }
}
