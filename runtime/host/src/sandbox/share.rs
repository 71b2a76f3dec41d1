//! An exporter's share of a core: a token bucket of thread CPU time. Over its share an exporter is slowed, not killed.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How much of its share an exporter may save up.
const SAVED: Duration = Duration::from_secs(1);

/// The CPU credit of one exporter, shared by its instances.
#[derive(Debug)]
pub(super) struct CpuShare {
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// Seconds of CPU time per second.
    share: f64,
    /// Seconds of CPU time; negative while in debt.
    credit: f64,
    filled: Instant,
}

impl CpuShare {
    /// A share of one core, above 0; the bucket starts full.
    pub(super) fn new(share: f64, now: Instant) -> Self {
        let share = if share.is_finite() { share.max(0.001) } else { 1.0 };
        Self { bucket: Mutex::new(Bucket { share, credit: share * SAVED.as_secs_f64(), filled: now }) }
    }

    /// Takes `used` from the credit.
    pub(super) fn charge(&self, used: Duration, now: Instant) {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.fill(now);
        bucket.credit -= used.as_secs_f64();
    }

    /// How long until the debt is paid, if there is any.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.fill(now);
        (bucket.credit < 0.0).then(|| Duration::from_secs_f64(-bucket.credit / bucket.share))
    }

    /// Seconds of CPU time owed, zero if there is credit.
    pub(super) fn debt(&self, now: Instant) -> Duration {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.fill(now);
        Duration::from_secs_f64((-bucket.credit).max(0.0))
    }
}

impl Bucket {
    fn fill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.credit = (self.credit + elapsed * self.share).min(self.share * SAVED.as_secs_f64());
        self.filled = self.filled.max(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_saved_may_be_used_at_once_and_debt_is_waited_for() {
        let now = Instant::now();
        let share = CpuShare::new(0.25, now);
        share.charge(Duration::from_millis(250), now);
        assert_eq!(share.wait(now), None);
        share.charge(Duration::from_millis(100), now);
        assert_eq!(share.wait(now).unwrap().as_millis(), 400);
        assert_eq!(share.debt(now).as_millis(), 100);
        assert_eq!(share.wait(now + Duration::from_millis(401)), None);
    }

    #[test]
    fn no_more_is_saved_than_a_second_is_worth() {
        let now = Instant::now();
        let share = CpuShare::new(0.5, now);
        let later = now + Duration::from_secs(3600);
        share.charge(Duration::from_millis(600), later);
        assert_eq!(share.debt(later).as_millis(), 100);
    }

    proptest! {
        #[test]
        fn over_any_stretch_the_share_holds(
            share in 0.01..4.0_f64, slices in proptest::collection::vec(0..50_000_u64, 1..200),
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut used = Duration::ZERO;
            let bucket = CpuShare::new(share, now);
            for slice in slices {
                let slice = Duration::from_micros(slice);
                now += slice;
                used += slice;
                bucket.charge(slice, now);
                if let Some(wait) = bucket.wait(now) {
                    now += wait;
                }
            }
            let allowed = share * (now - start + SAVED).as_secs_f64();
            prop_assert!(used.as_secs_f64() <= allowed + 1e-6);
        }
    }
}
