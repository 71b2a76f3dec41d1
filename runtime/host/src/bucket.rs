//! A token bucket: so much a second on average, so much at once. `now` is handed in.

use std::time::Instant;

/// What flows into a bucket, and how much of it is saved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Averaged.
    pub(crate) per_second: f64,
    /// What may be taken at once after a while of nothing.
    pub(crate) burst: f64,
}

/// What is left of a rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    /// Below zero if more was spent than there was.
    left: f64,
    filled: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, left: rate.burst, filled: now }
    }

    /// Whether so much is left; nothing is taken. Of nothing there is enough unless something is owed.
    pub(crate) fn has(&mut self, amount: f64, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.left = (self.left + elapsed * self.rate.per_second).min(self.rate.burst);
        // A billionth is what adding up fractions may lose.
        amount <= self.left + 1e-6
    }

    /// Takes `amount`, all or nothing. Answers whether there was so much.
    pub(crate) fn take(&mut self, amount: f64, now: Instant) -> bool {
        let is_enough = self.has(amount, now);
        if is_enough {
            self.left -= amount;
        }
        is_enough
    }

    /// Takes what is used up already. What is not there is owed: nothing can be taken until it has flowed in.
    #[cfg(feature = "http")]
    pub(crate) fn spend(&mut self, amount: f64) {
        self.left -= amount;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn bucket(per_second: f64, burst: f64) -> (Bucket, Instant) {
        let now = Instant::now();
        (Bucket::new(Rate { per_second, burst }, now), now)
    }

    #[test]
    fn what_is_saved_may_be_taken_at_once_and_then_no_more_than_comes_in() {
        let (mut bucket, now) = bucket(10.0, 100.0);
        assert!(!bucket.take(101.0, now));
        assert!(bucket.take(99.0, now));
        assert!(!bucket.take(2.0, now));
        assert!(bucket.take(1.0, now));
        assert!(!bucket.take(1.0, now));
        let later = now + Duration::from_secs(2);
        assert!(!bucket.take(21.0, later));
        assert!(bucket.take(20.0, later));
        let much_later = later + Duration::from_secs(3600);
        assert!(bucket.take(100.0, much_later));
        assert!(!bucket.take(1.0, much_later));
    }

    #[test]
    fn a_refusal_takes_nothing_and_a_clock_that_goes_back_gives_nothing() {
        let (mut bucket, now) = bucket(1.0, 10.0);
        assert!(!bucket.take(11.0, now));
        assert!(bucket.take(10.0, now + Duration::from_secs(5)));
        assert!(!bucket.take(1.0, now));
        assert!(!bucket.take(1.0, now + Duration::from_millis(5_999)));
        assert!(bucket.take(1.0, now + Duration::from_secs(6)));
    }

    #[cfg(feature = "http")]
    #[test]
    fn what_is_owed_is_paid_before_anything_is_taken() {
        let (mut bucket, now) = bucket(10.0, 100.0);
        bucket.spend(130.0);
        assert!(!bucket.has(0.0, now));
        assert!(!bucket.has(0.0, now + Duration::from_millis(2_999)));
        assert!(bucket.has(0.0, now + Duration::from_secs(3)));
        assert!(!bucket.has(1.0, now + Duration::from_secs(3)));
        assert!(bucket.take(10.0, now + Duration::from_secs(4)));
    }
}
