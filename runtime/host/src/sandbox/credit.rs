//! CPU credit: a token bucket of CPU time. What is over it is waited for, never refused.

use std::time::{Duration, Instant};

/// The longest wait that is told; nobody owes so much.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// CPU time that may be used now, and how fast it comes back. Negative while in debt.
#[derive(Debug)]
pub(super) struct Credit {
    /// Seconds of CPU time per second.
    rate: f64,
    /// The most seconds that may be saved up.
    most: f64,
    /// Seconds of CPU time; negative while in debt.
    left: f64,
    filled: Instant,
}

impl Credit {
    /// Full: what comes at `rate` cores (above 0) in the time `saved`.
    pub(super) fn new(rate: f64, saved: Duration, now: Instant) -> Self {
        let rate = if rate.is_finite() { rate.max(0.001) } else { 1.0 };
        let most = rate * saved.as_secs_f64();
        Self { rate, most, left: most, filled: now }
    }

    /// Seconds of CPU time per second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Takes `used` from it.
    pub(super) fn charge(&mut self, used: Duration, now: Instant) {
        self.fill(now);
        self.left -= used.as_secs_f64();
    }

    /// When there is no debt any more; `now` if there is none.
    pub(super) fn ready_at(&mut self, now: Instant) -> Instant {
        let debt = self.debt(now);
        self.comes_at(debt, now)
    }

    /// When half of the most is saved up; `now` if it is.
    pub(super) fn half_full_at(&mut self, now: Instant) -> Instant {
        self.fill(now);
        let missing = Duration::try_from_secs_f64(self.most / 2.0 - self.left).unwrap_or_default();
        self.comes_at(missing, now)
    }

    /// When so much more has come than there was when it was filled last.
    fn comes_at(&self, missing: Duration, now: Instant) -> Instant {
        if missing.is_zero() {
            return now;
        }
        let wait = Duration::try_from_secs_f64(missing.as_secs_f64() / self.rate).unwrap_or(LONGEST_WAIT);
        // Rounded up: who comes back then finds credit.
        let wait = wait.saturating_add(Duration::from_nanos(1)).min(LONGEST_WAIT);
        self.filled.checked_add(wait).unwrap_or(now)
    }

    /// CPU time owed, to the nanosecond; zero if there is credit.
    pub(super) fn debt(&mut self, now: Instant) -> Duration {
        self.fill(now);
        Duration::try_from_secs_f64(-self.left).unwrap_or_default()
    }

    fn fill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.left = (self.left + elapsed * self.rate).min(self.most);
        self.filled = self.filled.max(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAVED: Duration = Duration::from_secs(1);

    fn wait(credit: &mut Credit, now: Instant) -> Duration {
        credit.ready_at(now) - now
    }

    #[test]
    fn what_is_saved_may_be_used_at_once_and_debt_is_waited_for() {
        let now = Instant::now();
        let mut credit = Credit::new(0.25, SAVED, now);
        credit.charge(Duration::from_millis(250), now);
        assert_eq!(wait(&mut credit, now), Duration::ZERO);
        credit.charge(Duration::from_millis(100), now);
        assert_eq!(wait(&mut credit, now).as_millis(), 400);
        assert_eq!(credit.debt(now).as_millis(), 100);
        assert_eq!(wait(&mut credit, now + Duration::from_millis(401)), Duration::ZERO);
    }

    #[test]
    fn no_more_is_saved_than_what_was_allowed() {
        let now = Instant::now();
        let mut credit = Credit::new(0.5, SAVED, now);
        let later = now + Duration::from_secs(3600);
        credit.charge(Duration::from_millis(600), later);
        assert_eq!(credit.debt(later).as_millis(), 100);
    }

    #[test]
    fn half_full_is_told_at_its_edge() {
        let now = Instant::now();
        let mut credit = Credit::new(0.5, SAVED, now);
        credit.charge(Duration::from_millis(250), now);
        assert_eq!(credit.half_full_at(now), now);
        credit.charge(Duration::from_millis(300), now);
        let half = credit.half_full_at(now);
        assert_eq!((half - now).as_millis(), 600);
        assert_eq!(credit.half_full_at(half), half);
    }

    #[test]
    fn a_rate_that_is_no_number_is_one_core_and_no_rate_is_nothing() {
        let now = Instant::now();
        assert!((Credit::new(f64::NAN, SAVED, now).rate() - 1.0).abs() < f64::EPSILON);
        let mut credit = Credit::new(0.0, SAVED, now);
        credit.charge(Duration::from_secs(3600), now);
        assert_eq!(wait(&mut credit, now), LONGEST_WAIT);
    }

    proptest! {
        #[test]
        fn over_any_stretch_the_rate_holds(
            rate in 0.01..4.0_f64, slices in proptest::collection::vec(0..50_000_u64, 1..200),
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut used = Duration::ZERO;
            let mut credit = Credit::new(rate, SAVED, now);
            for slice in slices {
                let slice = Duration::from_micros(slice);
                now += slice;
                used += slice;
                credit.charge(slice, now);
                now = credit.ready_at(now);
            }
            let allowed = rate * (now - start + SAVED).as_secs_f64();
            prop_assert!(used.as_secs_f64() <= allowed + 1e-6);
        }

        #[test]
        fn when_it_is_ready_there_is_no_debt(rate in 0.001..64.0_f64, owed in 0..10_000_000_u64) {
            let now = Instant::now();
            let mut credit = Credit::new(rate, SAVED, now);
            credit.charge(SAVED.mul_f64(rate) + Duration::from_nanos(owed), now);
            let ready = credit.ready_at(now);
            prop_assert_eq!(credit.ready_at(ready), ready);
        }
    }
}
