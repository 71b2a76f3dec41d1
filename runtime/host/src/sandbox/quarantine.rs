//! Whether an exporter may be called: a pure state machine, `now` and chance are handed in.
//!
//! `Healthy -> Suspect -> Quarantined { until } -> Probing -> Healthy`. Faults in a row lead into quarantine; when it is
//! over, one call probes: if it succeeds the exporter is healthy again, if it faults the next quarantine is longer.
//! Lengths grow from 1 s to 60 s and shrink back only after a run of successes, so that an exporter that faults right
//! after each probe does not start over.

use std::time::{Duration, Instant};

/// Faults in a row that lead into quarantine.
const FAULTS_IN_A_ROW: u32 = 3;
/// The shortest quarantine.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest quarantine.
const LONGEST: Duration = Duration::from_secs(60);
/// How much longer the next quarantine is.
const GROWTH: u32 = 8;
/// How much longer than its base a quarantine may be by chance.
const JITTER: f64 = 0.2;
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

/// The state machine of one exporter.
#[derive(Clone, Debug)]
pub(super) struct Quarantine {
    health: Health,
    faults: u32,
    successes: u32,
    level: u32,
}

impl Quarantine {
    /// A healthy exporter.
    pub(super) fn new() -> Self {
        Self { health: Health::Healthy, faults: 0, successes: 0, level: 0 }
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

    /// A call succeeded. One that was let in before the quarantine does not end it.
    pub(super) fn succeed(&mut self, admission: Admission) {
        if !self.decides(admission) {
            return;
        }
        self.health = Health::Healthy;
        self.faults = 0;
        self.successes = self.successes.saturating_add(1);
        if self.successes >= SUCCESSES_IN_A_ROW {
            self.level = 0;
        }
    }

    /// A call faulted; `chance` is from 0 to 1. Answers how long the quarantine is that this led into.
    pub(super) fn fault(&mut self, admission: Admission, now: Instant, chance: f64) -> Option<Duration> {
        if !self.decides(admission) {
            return None;
        }
        self.successes = 0;
        self.faults = self.faults.saturating_add(1);
        if admission == Admission::Ordinary && self.faults < FAULTS_IN_A_ROW {
            self.health = Health::Suspect;
            return None;
        }
        let length = self.next_length(chance);
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
        self.faults
    }

    fn decides(&self, admission: Admission) -> bool {
        match self.health {
            Health::Healthy | Health::Suspect => true,
            Health::Probing => admission == Admission::Probe,
            Health::Quarantined { .. } => false,
        }
    }

    fn next_length(&mut self, chance: f64) -> Duration {
        let base = SHORTEST.saturating_mul(GROWTH.saturating_pow(self.level)).min(LONGEST);
        self.level = self.level.saturating_add(1);
        let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.0 };
        base.mul_f64(1.0 + JITTER * chance).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault_often(quarantine: &mut Quarantine, now: Instant, times: u32) -> Option<Duration> {
        (0..times).filter_map(|_| quarantine.admit(now).ok().and_then(|call| quarantine.fault(call, now, 0.0))).last()
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
        assert_eq!(quarantine.fault(early, now, 0.0), None);
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
                quarantine.fault(call, now, 1.0);
            }
        }
        assert_eq!(calls - 1, 8);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Wait(u64),
        Admit,
        Succeed(usize),
        Fault(usize, f64),
        Abandon(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..70_000_u64).prop_map(Step::Wait),
            Just(Step::Admit),
            Just(Step::Admit),
            any::<usize>().prop_map(Step::Succeed),
            (any::<usize>(), any::<f64>()).prop_map(|(call, chance)| Step::Fault(call, chance)),
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
                    Step::Fault(at, chance) if !calls.is_empty() => {
                        let call = calls.swap_remove(at % calls.len());
                        if let Some(length) = quarantine.fault(call, now, chance) {
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
