//! When to try again. Exponential back-off with full jitter.
//!
//! Source: "Exponential Backoff And Jitter", AWS architecture blog, 2015 ("full jitter").

use std::time::Duration;

/// The longest wait a backend may ask for.
pub const MAX_REQUESTED_DELAY: Duration = Duration::from_secs(300);

/// How long to wait before a further attempt, and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Upper bound of the first delay; it doubles with every attempt.
    pub initial: Duration,
    /// Upper bound of any delay of our own.
    pub max: Duration,
    /// A batch that is older is given up.
    pub max_age: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { initial: Duration::from_secs(1), max: Duration::from_secs(60), max_age: Duration::from_secs(300) }
    }
}

impl RetryPolicy {
    /// The wait after attempt number `attempt`, counted from 1: a random share of
    /// `min(max, initial * 2^(attempt - 1))`, but at least what the backend requested, of which at most 5 minutes count.
    /// `random` is 64 random bits.
    pub fn delay(&self, attempt: u32, requested: Option<Duration>, random: u64) -> Duration {
        let factor = 2u32.checked_pow(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let bound = self.initial.saturating_mul(factor).min(self.max);
        let nanos = (bound.as_nanos().min(u128::from(u64::MAX)) * u128::from(random)) >> 64;
        let jittered = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        jittered.max(requested.unwrap_or_default().min(MAX_REQUESTED_DELAY))
    }

    /// Whether a batch is given up that was taken in at `enqueued_at`.
    pub fn is_too_old(&self, enqueued_at: Duration, now: Duration) -> bool {
        now.saturating_sub(enqueued_at) > self.max_age
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_maximum() {
        let policy = RetryPolicy::default();
        let bounds: Vec<_> =
            (1..=9).map(|attempt| policy.delay(attempt, None, u64::MAX).as_secs_f64().round()).collect();
        assert_eq!(bounds, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]);
        assert_eq!(policy.delay(u32::MAX, None, u64::MAX / 2).as_secs(), 29);
        assert_eq!(policy.delay(3, None, 0), Duration::ZERO);
    }

    #[test]
    fn what_a_backend_asks_for_is_a_lower_bound_of_at_most_five_minutes() {
        let policy = RetryPolicy::default();
        let seconds = Duration::from_secs;
        assert_eq!(policy.delay(1, Some(seconds(7)), u64::MAX), seconds(7));
        assert_eq!(policy.delay(1, Some(seconds(400_000_000)), 0), seconds(300));
        assert_eq!(policy.delay(1, Some(Duration::MAX), 0), seconds(300));
        // A backend that asks for no wait at all gets our own.
        assert_eq!(policy.delay(1, Some(Duration::ZERO), u64::MAX / 2 + 1), Duration::from_millis(500));
    }

    #[test]
    fn a_batch_is_too_old_only_after_its_maximum_age() {
        let policy = RetryPolicy { max_age: Duration::from_secs(10), ..RetryPolicy::default() };
        assert!(!policy.is_too_old(Duration::from_secs(5), Duration::from_secs(15)));
        assert!(policy.is_too_old(Duration::from_secs(5), Duration::from_secs(16)));
        assert!(!policy.is_too_old(Duration::from_secs(5), Duration::ZERO));
    }

    proptest! {
        #[test]
        fn a_delay_is_never_longer_than_its_bounds(attempt: u32, requested: Option<u64>, random: u64, initial: u64, max: u64) {
            let (initial, max) = (Duration::from_nanos(initial), Duration::from_nanos(max));
            let policy = RetryPolicy { initial, max, max_age: Duration::ZERO };
            let delay = policy.delay(attempt, requested.map(Duration::from_nanos), random);
            prop_assert!(delay <= max.max(MAX_REQUESTED_DELAY));
        }
    }
}
