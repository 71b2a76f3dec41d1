//! What becomes of a batch after an attempt: a pure decision over the answer, the batch's age and its history.
//!
//! An answer is not trusted: rows that do not exist, are named twice or are named as both refused and to be sent again
//! count once, and every row of the attempt goes to exactly one place.

use std::time::Duration;

use spangate_core::{
    exporter::{ExportError, ExportOutcome, FaultKind, Partial},
    poison::{Ruling as Blame, Suspicion},
    tally::{DropReason, Settled},
};

use super::authorization::Ruling;

/// What a refused batch waits beyond the pause, so that another one probes if there is one.
const BEHIND_OTHERS: Duration = Duration::from_secs(1);

/// What was tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tried {
    /// Rows of the batch, at least 1.
    pub(super) rows: u32,
    /// What the rows did, this attempt included.
    pub(super) suspicion: Suspicion,
    /// What follows if they faulted.
    pub(super) blame: Blame,
    /// Whether the batch has been waiting for longer than it may.
    pub(super) is_too_old: bool,
    /// What follows if the backend did not take the credentials.
    pub(super) ruling: Option<Ruling>,
}

/// Where the rows go, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) settled: Settled,
    pub(super) next: Next,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: every row has its place.
    Done,
    /// Try these rows once more.
    Retry {
        /// Ascending, unique, in range; none means all of them.
        rows: Option<Vec<u32>>,
        /// When.
        wait: Wait,
        /// What is known of them.
        suspicion: Suspicion,
    },
    /// These rows are the cause of the faults: they go to the dead letters, if there are any. Until then they are accounted
    /// for as dropped.
    Bury,
    /// Keep these rows, whatever their age: the backend did not take the credentials.
    Hold {
        /// As for `Retry`.
        rows: Option<Vec<u32>>,
        /// When they may be tried, by the pipeline's clock.
        not_before: Duration,
    },
    /// The exporter takes nothing for a while; the batch was not tried.
    Pause(Duration),
}

/// When rows are tried once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// After our own back-off, and no sooner than the backend asked for.
    BackOff(Option<Duration>),
    /// Now.
    Nothing,
}

impl Next {
    /// The rows that go on; none means all of them.
    pub(super) fn rows(&self) -> Option<&[u32]> {
        match self {
            Self::Retry { rows, .. } | Self::Hold { rows, .. } => rows.as_deref(),
            Self::Done | Self::Bury | Self::Pause(_) => None,
        }
    }
}

/// Decides.
pub(super) fn judge(tried: Tried, answer: &Result<ExportOutcome, ExportError>) -> Verdict {
    match answer {
        Ok(ExportOutcome::Accepted) => done(Settled { delivered: tried.rows, ..Settled::default() }),
        Ok(ExportOutcome::Rejected { .. }) => done(Settled { rejected: tried.rows, ..Settled::default() }),
        Ok(ExportOutcome::Partial(partial)) => judge_partial(tried, partial),
        Ok(ExportOutcome::RetryAfter { delay, .. }) => again(tried, retry(tried, Wait::BackOff(*delay))),
        Err(ExportError::Fault(fault)) => judge_fault(tried, fault.kind),
        Err(ExportError::Unavailable { delay, .. }) => again(tried, Next::Pause(*delay)),
        Err(ExportError::Unauthorized { partial, .. }) => judge_unauthorized(tried, partial.as_deref()),
    }
}

/// Rows that were refused by name are kept too: it was not about them. Rows that were refused without a name were refused
/// by a backend that took the others.
fn judge_unauthorized(tried: Tried, partial: Option<&Partial>) -> Verdict {
    let rows = partial.map(|partial| rows_of(tried, partial.rejected_rows.iter().chain(&partial.retry_rows)));
    let kept = rows.as_ref().map_or(tried.rows, |rows| rows.len() as u32);
    let unnamed = partial
        .map_or(0, |partial| partial.rejected.saturating_sub(rows_of(tried, &partial.rejected_rows).len() as u32));
    let rejected = unnamed.min(tried.rows - kept);
    let settled = Settled { delivered: tried.rows - kept - rejected, rejected, ..Settled::default() };
    let not_before = match tried.ruling {
        Some(Ruling::Paused { until, .. }) => until.saturating_add(BEHIND_OTHERS),
        Some(Ruling::Later(at)) => at,
        Some(Ruling::TheirOwn) | None => return done(Settled { rejected: rejected + kept, ..settled }),
    };
    if kept == 0 {
        return done(settled);
    }
    Verdict { settled: Settled { requeued: kept, ..settled }, next: Next::Hold { rows, not_before } }
}

/// Ascending, unique, in range.
fn rows_of<'a>(tried: Tried, named: impl IntoIterator<Item = &'a u32>) -> Vec<u32> {
    let mut rows: Vec<u32> = named.into_iter().copied().filter(|row| *row < tried.rows).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

fn judge_fault(tried: Tried, kind: FaultKind) -> Verdict {
    match tried.blame {
        Blame::Again => again(tried, retry(tried, Wait::BackOff(None))),
        Blame::AtOnce => again(tried, retry(tried, Wait::Nothing)),
        Blame::Poison => {
            let dropped = Some((tried.rows, DropReason::Fault(kind)));
            Verdict { settled: Settled { dropped, ..Settled::default() }, next: Next::Bury }
        }
    }
}

/// All rows once more, under the suspicion that they are under.
fn retry(tried: Tried, wait: Wait) -> Next {
    Next::Retry { rows: None, wait, suspicion: tried.suspicion }
}

fn judge_partial(tried: Tried, partial: &Partial) -> Verdict {
    let named = rows_of(tried, &partial.rejected_rows);
    let mut retry_rows = rows_of(tried, &partial.retry_rows);
    // A row named in both lists was refused: sending it again would only be refused again.
    retry_rows.retain(|row| named.binary_search(row).is_err());
    let retried = retry_rows.len() as u32;
    let rejected = partial.rejected.max(named.len() as u32).min(tried.rows - retried);
    let settled = Settled { delivered: tried.rows - retried - rejected, rejected, ..Settled::default() };
    if retry_rows.is_empty() {
        return done(settled);
    }
    if tried.is_too_old {
        return done(Settled { dropped: Some((retried, DropReason::TooOld)), ..settled });
    }
    // The exporter had all of them and did not fault.
    let suspicion = Suspicion::default();
    let next = Next::Retry { rows: Some(retry_rows), wait: Wait::BackOff(partial.delay), suspicion };
    Verdict { settled: Settled { requeued: retried, ..settled }, next }
}

/// The whole batch goes back, unless it is too old.
fn again(tried: Tried, next: Next) -> Verdict {
    if tried.is_too_old {
        return done(Settled { dropped: Some((tried.rows, DropReason::TooOld)), ..Settled::default() });
    }
    Verdict { settled: Settled { requeued: tried.rows, ..Settled::default() }, next }
}

fn done(settled: Settled) -> Verdict {
    Verdict { settled, next: Next::Done }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spangate_core::exporter::Fault;

    use super::*;

    const SUSPECT: Suspicion = Suspicion::NONE.of_part();
    const TRIED: Tried = Tried { rows: 10, suspicion: SUSPECT, blame: Blame::Again, is_too_old: false, ruling: None };

    fn partial(rejected: u32, rejected_rows: &[u32], retry_rows: &[u32]) -> Result<ExportOutcome, ExportError> {
        Ok(ExportOutcome::Partial(Partial {
            rejected,
            rejected_rows: rejected_rows.to_vec(),
            retry_rows: retry_rows.to_vec(),
            ..Partial::default()
        }))
    }

    fn fault() -> Result<ExportOutcome, ExportError> {
        Err(ExportError::Fault(Fault { kind: FaultKind::Trapped, detail: String::new() }))
    }

    #[test]
    fn rows_that_a_partial_outcome_does_not_name_are_delivered() {
        let verdict = judge(TRIED, &partial(2, &[0, 1], &[9, 4]));
        assert_eq!(verdict.settled, Settled { delivered: 6, rejected: 2, requeued: 2, ..Settled::default() });
        let (wait, suspicion) = (Wait::BackOff(None), Suspicion::default());
        assert_eq!(verdict.next, Next::Retry { rows: Some(vec![4, 9]), wait, suspicion });
    }

    #[test]
    fn a_partial_outcome_that_rejects_more_than_there_is_rejects_what_there_is() {
        let verdict = judge(TRIED, &partial(u32::MAX, &[], &[3]));
        assert_eq!(verdict.settled, Settled { rejected: 9, requeued: 1, ..Settled::default() });
    }

    #[test]
    fn a_row_that_is_refused_and_to_be_sent_again_is_refused() {
        let verdict = judge(TRIED, &partial(0, &[3, 3], &[3]));
        assert_eq!(verdict.settled, Settled { delivered: 9, rejected: 1, ..Settled::default() });
        assert_eq!(verdict.next, Next::Done);
    }

    #[test]
    fn a_fault_sends_rows_back_under_suspicion_and_the_rows_that_cause_it_away() {
        let again = judge(TRIED, &fault());
        assert_eq!(again.next, Next::Retry { rows: None, wait: Wait::BackOff(None), suspicion: SUSPECT });
        let at_once = judge(Tried { blame: Blame::AtOnce, ..TRIED }, &fault());
        assert_eq!(at_once.next, Next::Retry { rows: None, wait: Wait::Nothing, suspicion: SUSPECT });
        let poison = judge(Tried { blame: Blame::Poison, is_too_old: true, ..TRIED }, &fault());
        assert_eq!(poison.settled.dropped, Some((10, DropReason::Fault(FaultKind::Trapped))));
        assert_eq!(poison.next, Next::Bury);
    }

    #[test]
    fn a_backend_that_is_away_clears_no_suspicion() {
        let verdict = judge(TRIED, &Ok(ExportOutcome::RetryAfter { delay: None, reason: String::new() }));
        assert_eq!(verdict.next, Next::Retry { rows: None, wait: Wait::BackOff(None), suspicion: SUSPECT });
    }

    #[test]
    fn a_batch_that_is_too_old_is_dropped_instead_of_tried_again() {
        let delay = Duration::from_secs(1);
        let unavailable = Err(ExportError::Unavailable { delay, reason: String::new() });
        let retry_after = Ok(ExportOutcome::RetryAfter { delay: None, reason: String::new() });
        for answer in [unavailable, retry_after, fault()] {
            let verdict = judge(Tried { is_too_old: true, ..TRIED }, &answer);
            assert_eq!(verdict.settled.dropped, Some((10, DropReason::TooOld)), "{answer:?}");
        }
        let verdict = judge(Tried { is_too_old: true, ..TRIED }, &partial(0, &[], &[1]));
        assert_eq!((verdict.settled.delivered, verdict.settled.dropped), (9, Some((1, DropReason::TooOld))));
    }

    #[test]
    fn what_the_credentials_kept_out_is_held_whatever_its_age_and_what_got_in_is_delivered() {
        let paused = Some(Ruling::Paused { until: Duration::from_secs(60), is_new: true });
        let not_before = Duration::from_secs(60) + BEHIND_OTHERS;
        let tried = Tried { is_too_old: true, ruling: paused, ..TRIED };
        let verdict = judge(tried, &unauthorized(None));
        assert_eq!(verdict.settled, Settled { requeued: 10, ..Settled::default() });
        assert_eq!(verdict.next, Next::Hold { rows: None, not_before });
        let verdict = judge(tried, &unauthorized(Some((4, &[0, 1], &[9]))));
        assert_eq!(verdict.settled, Settled { delivered: 5, rejected: 2, requeued: 3, ..Settled::default() });
        assert_eq!(verdict.next, Next::Hold { rows: Some(vec![0, 1, 9]), not_before });
    }

    #[test]
    fn a_sender_that_is_refused_alone_has_its_rows_rejected() {
        let tried = Tried { ruling: Some(Ruling::TheirOwn), ..TRIED };
        let verdict = judge(tried, &unauthorized(None));
        assert_eq!((verdict.settled.rejected, verdict.next), (10, Next::Done));
        let verdict = judge(tried, &unauthorized(Some((1, &[0], &[8, 9]))));
        assert_eq!(verdict.settled, Settled { delivered: 7, rejected: 3, ..Settled::default() });
    }

    fn unauthorized(partial: Option<(u32, &[u32], &[u32])>) -> Result<ExportOutcome, ExportError> {
        let partial = partial.map(|(rejected, rejected_rows, retry_rows)| {
            let (rejected_rows, retry_rows) = (rejected_rows.to_vec(), retry_rows.to_vec());
            Box::new(Partial { rejected, rejected_rows, retry_rows, ..Partial::default() })
        });
        Err(ExportError::Unauthorized { reason: String::new(), partial })
    }

    fn rulings() -> impl Strategy<Value = Option<Ruling>> {
        let paused = Ruling::Paused { until: Duration::from_secs(9), is_new: true };
        prop::sample::select(vec![None, Some(paused), Some(Ruling::Later(Duration::ZERO)), Some(Ruling::TheirOwn)])
    }

    fn answers() -> impl Strategy<Value = Result<ExportOutcome, ExportError>> {
        let rows = || prop::collection::vec(0u32..40, 0..30);
        prop_oneof![
            Just(Ok(ExportOutcome::Accepted)),
            Just(Ok(ExportOutcome::Rejected { reason: String::new() })),
            Just(Ok(ExportOutcome::RetryAfter { delay: None, reason: String::new() })),
            Just(fault()),
            Just(Err(ExportError::Unavailable { delay: Duration::ZERO, reason: String::new() })),
            Just(unauthorized(None)),
            (any::<u32>(), rows(), rows()).prop_map(|(n, refused, again)| unauthorized(Some((n, &refused, &again)))),
            (any::<u32>(), rows(), rows()).prop_map(|(count, refused, again)| partial(count, &refused, &again)),
            (0u32..40, rows(), rows()).prop_map(|(count, refused, again)| partial(count, &refused, &again)),
        ]
    }

    #[test]
    fn an_answer_that_names_every_row_is_judged_in_one_go() {
        // Comparing each with each would take hours.
        let rows = 2_000_000;
        let (odd, even): (Vec<u32>, Vec<u32>) = (0..rows).partition(|row| row % 2 == 1);
        let verdict = judge(Tried { rows, ..TRIED }, &partial(0, &odd, &even));
        assert_eq!((verdict.settled.rejected, verdict.settled.requeued), (rows / 2, rows / 2));
        let both: Vec<u32> = (0..rows).collect();
        let verdict = judge(Tried { rows, ..TRIED }, &partial(0, &both, &both));
        assert_eq!((verdict.settled.rejected, verdict.settled.requeued), (rows, 0));
    }

    proptest! {
        #[test]
        fn every_row_of_an_attempt_goes_to_exactly_one_place(
            rows in 1u32..30, is_too_old: bool, ruling in rulings(), answer in answers(),
            blame in prop::sample::select(vec![Blame::Again, Blame::AtOnce, Blame::Poison]),
        ) {
            let tried = Tried { rows, suspicion: SUSPECT, blame, is_too_old, ruling };
            let Verdict { settled, next } = judge(tried, &answer);
            let dropped = settled.dropped.map_or(0, |(rows, _)| rows);
            let places = [settled.delivered, settled.rejected, settled.requeued, settled.dead_lettered, dropped];
            prop_assert_eq!(places.iter().sum::<u32>(), rows);
            let requeued = match next {
                Next::Done | Next::Bury => 0,
                Next::Pause(_) => rows,
                Next::Retry { rows: None, .. } | Next::Hold { rows: None, .. } => rows,
                Next::Retry { rows: Some(some), .. } | Next::Hold { rows: Some(some), .. } => {
                    prop_assert!(some.is_sorted_by(|a, b| a < b) && some.iter().all(|row| *row < rows));
                    some.len() as u32
                }
            };
            prop_assert_eq!(requeued, settled.requeued);
        }
    }
}
