//! Whether an exporter may be called: a pure state machine, `now` and chance are handed in.
//!
//! `Healthy -> Suspect -> Quarantined { until } -> Probing -> Healthy`. Faults in a row lead into quarantine; when it is
//! over, one call probes: if it succeeds the exporter is healthy again, if it faults the next quarantine is longer.
//! Lengths grow from 1 s to 60 s and shrink back only after a run of successes, so that an exporter that faults right
//! after each probe does not start over.
//!
//! One batch with a row that makes the exporter fault is looked for by whoever sends it: it is sent twice, and then its
//! first half. That is one fault more than what suffices when different batches fault, before the other half gets through.
//! What faults in that search later, after something got through, is no fault in a row: that is whoever searches to end.
//! Exports and calls that deliver nothing (ticks, flushes) are counted apart: neither says anything about the other.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use spangate_core::{batch::BatchId, poison::BackOff};

/// Faults in a row, on different batches or of calls that deliver nothing, that lead into quarantine.
const FAULTS_IN_A_ROW: u32 = 3;
/// The same for one batch and its parts.
const FAULTS_OF_ONE_BATCH: u32 = 4;
/// Batches that are remembered because they faulted.
const SUSPECTS: usize = 16;
/// How many times as long as the one before a quarantine is.
const GROWTH: u32 = 8;
/// Successes in a row after which a quarantine starts at the shortest again.
const SUCCESSES_IN_A_ROW: u32 = 10;
/// What a caller is told to wait while another call probes.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// How an exporter is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Healthy,
    /// Its latest call faulted.
    Suspect,
    /// It is not called.
    Quarantined {
        /// When it will be probed.
        until: Instant,
    },
    /// One call tries whether it works again.
    Probing,
}

impl Health {
    /// The state's name in metrics, in `/status` and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Suspect => "suspect",
            Self::Quarantined { .. } => "quarantined",
            Self::Probing => "probing",
        }
    }
}

/// What a call that was let in is. To be handed back when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Admission {
    /// An ordinary call.
    Ordinary,
    /// The one that decides.
    Probe,
}

/// What a call was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To deliver this batch, or a part of it.
    Export(BatchId),
    /// To tick or to flush.
    Idle,
}

/// The state machine of one exporter.
#[derive(Clone, Debug)]
pub(super) struct Quarantine {
    health: Health,
    /// Exports that faulted since one succeeded.
    faults: u32,
    /// The batch of the first of them.
    first: Option<BatchId>,
    /// Whether they were all of that batch.
    is_one_batch: bool,
    /// Calls that deliver nothing and faulted since one succeeded.
    idle_faults: u32,
    /// The latest batches that faulted, and how many exports had succeeded when they first did.
    suspects: VecDeque<(BatchId, u64)>,
    /// Exports that succeeded since the start.
    passes: u64,
    successes: u32,
    back_off: BackOff,
}

impl Quarantine {
    /// A healthy exporter.
    pub(super) fn new() -> Self {
        Self {
            health: Health::Healthy,
            faults: 0,
            first: None,
            is_one_batch: true,
            idle_faults: 0,
            suspects: VecDeque::new(),
            passes: 0,
            successes: 0,
            back_off: BackOff::growing(GROWTH),
        }
    }

    /// How the exporter is doing.
    pub(super) fn health(&self) -> Health {
        self.health
    }

    /// Asks to call the exporter.
    ///
    /// # Errors
    /// How long to wait, if it is in quarantine or another call is probing.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Admission, Duration> {
        match self.health {
            Health::Healthy | Health::Suspect => Ok(Admission::Ordinary),
            Health::Probing => Err(PROBE_WAIT),
            Health::Quarantined { until } if now < until => Err(until.duration_since(now)),
            Health::Quarantined { .. } => {
                self.health = Health::Probing;
                Ok(Admission::Probe)
            }
        }
    }

    /// An export succeeded. One that was let in before the quarantine does not end it.
    pub(super) fn succeed(&mut self, admission: Admission) {
        if !self.decides(admission) {
            return;
        }
        self.health = Health::Healthy;
        self.faults = 0;
        self.passes = self.passes.saturating_add(1);
        self.successes = self.successes.saturating_add(1);
        if self.successes >= SUCCESSES_IN_A_ROW {
            self.back_off.start_over();
        }
    }

    /// A call that delivers nothing succeeded: it says nothing about exports.
    pub(super) fn succeed_idle(&mut self) {
        self.idle_faults = 0;
    }

    /// A call faulted; `chance` is from 0 to 1. Answers how long the quarantine is that this led into.
    pub(super) fn fault(
        &mut self,
        admission: Admission,
        purpose: Purpose,
        now: Instant,
        chance: f64,
    ) -> Option<Duration> {
        if !self.decides(admission) {
            return None;
        }
        if admission == Admission::Ordinary && self.is_searched_for(purpose) {
            self.health = Health::Suspect;
            return None;
        }
        self.successes = 0;
        self.count_fault(purpose);
        if admission == Admission::Ordinary && !self.is_enough() {
            self.health = Health::Suspect;
            return None;
        }
        let length = self.back_off.next(chance);
        self.health = Health::Quarantined { until: now + length };
        Some(length)
    }

    /// A call was abandoned by its caller: nothing was learned. A probe may be tried again at once.
    pub(super) fn abandon(&mut self, admission: Admission, now: Instant) {
        if admission == Admission::Probe && self.health == Health::Probing {
            self.health = Health::Quarantined { until: now };
        }
    }

    /// Faults in a row.
    pub(super) fn faults_in_a_row(&self) -> u32 {
        self.faults.max(self.idle_faults)
    }

    /// Whether this batch faulted before, and others got through since.
    fn is_searched_for(&self, purpose: Purpose) -> bool {
        let Purpose::Export(batch) = purpose else { return false };
        self.suspects.iter().any(|(suspect, since)| *suspect == batch && self.passes > *since)
    }

    fn suspect(&mut self, batch: BatchId) {
        if self.suspects.iter().any(|(suspect, _)| *suspect == batch) {
            return;
        }
        self.suspects.push_back((batch, self.passes));
        if self.suspects.len() > SUSPECTS {
            self.suspects.pop_front();
        }
    }

    fn count_fault(&mut self, purpose: Purpose) {
        if let Purpose::Export(batch) = purpose {
            self.suspect(batch);
        }
        match purpose {
            Purpose::Idle => self.idle_faults = self.idle_faults.saturating_add(1),
            Purpose::Export(batch) if self.faults == 0 => {
                (self.faults, self.first, self.is_one_batch) = (1, Some(batch), true);
            }
            Purpose::Export(batch) => {
                self.faults = self.faults.saturating_add(1);
                self.is_one_batch &= self.first == Some(batch);
            }
        }
    }

    fn is_enough(&self) -> bool {
        let exports = if self.is_one_batch { FAULTS_OF_ONE_BATCH } else { FAULTS_IN_A_ROW };
        self.faults >= exports || self.idle_faults >= FAULTS_IN_A_ROW
    }

    fn decides(&self, admission: Admission) -> bool {
        match self.health {
            Health::Healthy | Health::Suspect => true,
            Health::Probing => admission == Admission::Probe,
            Health::Quarantined { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHORTEST: Duration = BackOff::SHORTEST;
    const LONGEST: Duration = BackOff::LONGEST;

    fn of_batch(number: u32) -> Purpose {
        Purpose::Export(BatchId([number as u8; 16]))
    }

    /// So many faults, each of another batch.
    fn fault_often(quarantine: &mut Quarantine, now: Instant, times: u32) -> Option<Duration> {
        let each = (0..times).map(|number| {
            let call = quarantine.admit(now).ok()?;
            quarantine.fault(call, of_batch(number), now, 0.0)
        });
        each.last().flatten()
    }

    #[test]
    fn two_faults_make_a_suspect_and_three_in_a_row_a_quarantine() {
        let now = Instant::now();
        let mut quarantine = Quarantine::new();
        assert_eq!(fault_often(&mut quarantine, now, 2), None);
        assert_eq!(quarantine.health(), Health::Suspect);
        assert_eq!(fault_often(&mut quarantine, now, 1), Some(SHORTEST));
        assert_eq!(quarantine.health(), Health::Quarantined { until: now + SHORTEST });
        assert_eq!(quarantine.admit(now), Err(SHORTEST));
    }

    #[test]
    fn one_batch_that_faults_with_its_first_half_is_no_reason_and_with_its_second_half_it_is() {
        let now = Instant::now();
        let mut quarantine = Quarantine::new();
        for _ in 0..100 {
            for _ in 0..3 {
                let call = quarantine.admit(now).unwrap();
                assert_eq!(quarantine.fault(call, of_batch(1), now, 0.0), None);
            }
            let call = quarantine.admit(now).unwrap();
            quarantine.succeed(call);
        }
        assert_eq!(quarantine.health(), Health::Healthy);
        // From the first success on they are what is searched for.
        let faults: Vec<_> =
            (0..40).filter_map(|_| quarantine.fault(Admission::Ordinary, of_batch(1), now, 0.0)).collect();
        assert_eq!((faults, quarantine.health()), (vec![], Health::Suspect));
        let mut quarantine = Quarantine::new();
        let faults: Vec<_> = (0..4).map(|_| quarantine.fault(Admission::Ordinary, of_batch(1), now, 0.0)).collect();
        assert_eq!(faults, [None, None, None, Some(SHORTEST)]);
        // Two of one batch and one of another suffice.
        let mut quarantine = Quarantine::new();
        let faults = [1, 1, 2].map(|batch| quarantine.fault(Admission::Ordinary, of_batch(batch), now, 0.0));
        assert_eq!(faults, [None, None, Some(SHORTEST)]);
    }

    #[test]
    fn exports_that_succeed_do_not_make_up_for_flushes_that_fault() {
        let now = Instant::now();
        let mut quarantine = Quarantine::new();
        let mut lengths = Vec::new();
        for _ in 0..4 {
            let call = quarantine.admit(now + lengths.iter().sum::<Duration>()).unwrap();
            quarantine.succeed(call);
            let now = now + lengths.iter().sum::<Duration>();
            lengths.extend(quarantine.fault(Admission::Ordinary, Purpose::Idle, now, 0.0));
        }
        assert_eq!(lengths, [SHORTEST, SHORTEST * GROWTH]);
        let mut quarantine = Quarantine::new();
        for _ in 0..100 {
            let fault = || Purpose::Idle;
            assert_eq!(quarantine.fault(Admission::Ordinary, fault(), now, 0.0), None);
            assert_eq!(quarantine.fault(Admission::Ordinary, fault(), now, 0.0), None);
            quarantine.succeed_idle();
        }
    }

    #[test]
    fn a_success_between_faults_keeps_an_exporter_out_of_quarantine() {
        let now = Instant::now();
        let mut quarantine = Quarantine::new();
        for _ in 0..100 {
            fault_often(&mut quarantine, now, 2);
            let call = quarantine.admit(now).unwrap();
            quarantine.succeed(call);
        }
        assert_eq!(quarantine.health(), Health::Healthy);
    }

    #[test]
    fn one_call_probes_and_its_success_ends_the_quarantine() {
        let now = Instant::now();
        let mut quarantine = Quarantine::new();
        fault_often(&mut quarantine, now, 3);
        let later = now + SHORTEST;
        assert_eq!(quarantine.admit(later), Ok(Admission::Probe));
        assert_eq!(quarantine.admit(later), Err(PROBE_WAIT));
        quarantine.succeed(Admission::Probe);
        assert_eq!(quarantine.health(), Health::Healthy);
    }

    #[test]
    fn an_abandoned_probe_may_be_tried_again_at_once() {
        let now = Instant::now();
        let mut quarantine = Quarantine::new();
        fault_often(&mut quarantine, now, 3);
        let later = now + SHORTEST;
        let probe = quarantine.admit(later).unwrap();
        quarantine.abandon(probe, later);
        assert_eq!(quarantine.admit(later), Ok(Admission::Probe));
    }

    #[test]
    fn a_call_from_before_the_quarantine_neither_ends_nor_prolongs_it() {
        let now = Instant::now();
        let mut quarantine = Quarantine::new();
        let early = quarantine.admit(now).unwrap();
        fault_often(&mut quarantine, now, 3);
        let health = quarantine.health();
        quarantine.succeed(early);
        assert_eq!(quarantine.fault(early, of_batch(9), now, 0.0), None);
        assert_eq!(quarantine.health(), health);
    }

    #[test]
    fn a_crash_loop_is_restarted_at_most_eight_times_in_five_minutes() {
        let start = Instant::now();
        let mut quarantine = Quarantine::new();
        let mut calls = 0;
        for second in 0..300 {
            let now = start + Duration::from_secs(second);
            while let Ok(call) = quarantine.admit(now) {
                calls += 1;
                quarantine.fault(call, of_batch(calls), now, 1.0);
            }
        }
        assert_eq!(calls - 1, 8);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Wait(u64),
        Admit,
        Succeed(usize),
        Fault(usize, f64, Option<u8>),
        Abandon(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..70_000_u64).prop_map(Step::Wait),
            Just(Step::Admit),
            Just(Step::Admit),
            any::<usize>().prop_map(Step::Succeed),
            (any::<usize>(), any::<f64>(), any::<Option<u8>>())
                .prop_map(|(call, chance, of)| Step::Fault(call, chance, of)),
            any::<usize>().prop_map(Step::Abandon),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_there_is_one_probe_at_most_and_lengths_stay_in_bounds(
            steps in proptest::collection::vec(step(), 1..200),
        ) {
            let mut now = Instant::now();
            let mut quarantine = Quarantine::new();
            let mut calls = Vec::new();
            for step in steps {
                match step {
                    Step::Wait(milliseconds) => now += Duration::from_millis(milliseconds),
                    Step::Admit => match quarantine.admit(now) {
                        Ok(call) => calls.push(call),
                        Err(wait) => prop_assert!(wait > Duration::ZERO && wait <= LONGEST),
                    },
                    Step::Succeed(at) if !calls.is_empty() => {
                        let call = calls.swap_remove(at % calls.len());
                        quarantine.succeed(call);
                    }
                    Step::Fault(at, chance, of) if !calls.is_empty() => {
                        let call = calls.swap_remove(at % calls.len());
                        let purpose = of.map_or(Purpose::Idle, |number| of_batch(number.into()));
                        if let Some(length) = quarantine.fault(call, purpose, now, chance) {
                            prop_assert!((SHORTEST..=LONGEST).contains(&length));
                        }
                    }
                    Step::Abandon(at) if !calls.is_empty() => {
                        let call = calls.swap_remove(at % calls.len());
                        quarantine.abandon(call, now);
                    }
                    _ => {}
                }
                let probes = calls.iter().filter(|call| **call == Admission::Probe).count();
                prop_assert!(probes <= 1);
                prop_assert_eq!(probes == 1, quarantine.health() == Health::Probing);
            }
            // Left alone, any exporter is let in again.
            for call in calls {
                quarantine.abandon(call, now);
            }
            prop_assert!(quarantine.admit(now + LONGEST).is_ok());
        }
    }
}
