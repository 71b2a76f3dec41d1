//! So many traces per second. What counts is traces (decisions on roots), not spans.
//!
//! Constraints: monotonic time only (a clock that is set back must not cost credit); no lock on the application's
//! threads; nothing is sampled right after the start unless an initial balance says so.
//!
//! Design: a token bucket. Instead of a balance and the time it was computed, one number is kept: the moment at which
//! the balance was zero. The balance is then the time since, times the rate; taking a token moves the moment on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use super::{Sampler, SamplingDecision, SamplingParameters};
use crate::clock::Clock;

/// Samples up to so many new traces per second; the bucket holds `max(1, traces_per_second)`. A trace that began in
/// another process keeps the decision that was made there.
pub struct RateLimiting {
    clock: Arc<dyn Clock>,
    /// Nanoseconds in which one token comes.
    interval: i64,
    /// Nanoseconds in which an empty bucket fills.
    fill: i64,
    /// Monotonic nanoseconds at which the balance was zero.
    zero_at: AtomicI64,
}

impl RateLimiting {
    /// Samples `traces_per_second`, greater than zero, fractions allowed; clamped to between 1e-9 and 1e9, not a number
    /// means the lowest. The interval between tokens is a whole number of nanoseconds: up to a million per second the
    /// rate is true within 0.1 %. `initial_balance` is the number of traces that may be sampled at once after the
    /// start, at most what the bucket holds.
    pub fn new(traces_per_second: f64, initial_balance: f64, clock: Arc<dyn Clock>) -> Self {
        let rate = if traces_per_second.is_nan() { 1e-9 } else { traces_per_second.clamp(1e-9, 1e9) };
        let interval = (1e9 / rate) as i64;
        let fill = interval.max(1_000_000_000);
        let initial = (initial_balance.clamp(0.0, rate.max(1.0)) * interval as f64) as i64;
        let zero_at = AtomicI64::new(nanos(clock.monotonic()) - initial.min(fill));
        Self { clock, interval, fill, zero_at }
    }

    /// Takes a token if there is one.
    fn try_take(&self) -> bool {
        let now = nanos(self.clock.monotonic());
        let take = |zero_at: i64| {
            let zero_at = zero_at.max(now.saturating_sub(self.fill));
            (now.saturating_sub(zero_at) >= self.interval).then(|| zero_at + self.interval)
        };
        self.zero_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

impl Sampler for RateLimiting {
    fn should_sample(&self, parameters: &SamplingParameters<'_>) -> SamplingDecision {
        let is_sampled = match parameters.parent {
            Some(parent) => parent.is_sampled(),
            None => self.try_take(),
        };
        SamplingDecision::from_sampled(is_sampled)
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        clock::ManualClock,
        context::{SpanContext, TraceFlags, TraceId},
        sampler::decide,
    };

    /// Which of `ticks` steps of `step_ms` sample, beginning with 1.
    fn passes(rate: f64, initial: f64, step_ms: u64, ticks: u32) -> Vec<u32> {
        let clock = Arc::new(ManualClock::default());
        let sampler = RateLimiting::new(rate, initial, clock.clone());
        let tick = |_: &u32| {
            clock.advance(Duration::from_millis(step_ms));
            decide(&sampler, TraceId([1; 16]), None)
        };
        (1..=ticks).filter(|n| tick(n)).collect()
    }

    fn burst(sampler: &RateLimiting) -> usize {
        (0..100).filter(|_| decide(sampler, TraceId([1; 16]), None)).count()
    }

    #[test]
    fn the_bucket_starts_empty_and_one_per_second_first_passes_after_a_second() {
        let clock = Arc::new(ManualClock::default());
        let sampler = RateLimiting::new(1.0, 0.0, clock.clone());
        let mut decisions = vec![decide(&sampler, TraceId([1; 16]), None)];
        for _ in 0..4 {
            clock.advance(Duration::from_millis(300));
            decisions.push(decide(&sampler, TraceId([1; 16]), None));
        }
        assert_eq!(decisions, [false, false, false, false, true]);
    }

    #[test]
    fn a_fifth_per_second_passes_every_five_seconds_and_a_tenth_first_after_ten() {
        assert_eq!(passes(0.2, 0.0, 1_000, 10), [5, 10]);
        assert_eq!(passes(0.1, 0.0, 1_000, 19), [10]);
    }

    #[test]
    fn three_per_second_at_tenths_of_a_second_passes_at_4_7_and_10() {
        assert_eq!(passes(3.0, 0.0, 100, 10), [4, 7, 10]);
    }

    #[test]
    fn after_idling_the_burst_is_the_whole_part_of_the_cap_and_the_rest_is_carried() {
        let clock = Arc::new(ManualClock::default());
        let three = RateLimiting::new(3.0, 0.0, clock.clone());
        let two_and_a_half = RateLimiting::new(2.5, 0.0, clock.clone());
        let tenth = RateLimiting::new(0.1, 0.0, clock.clone());
        clock.advance(Duration::from_secs(3600));
        assert_eq!((burst(&three), burst(&two_and_a_half), burst(&tenth)), (3, 2, 1));
        clock.advance(Duration::from_millis(200));
        assert_eq!(burst(&two_and_a_half), 1);
    }

    #[test]
    fn an_initial_balance_is_there_at_once_and_no_larger_than_the_bucket() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        assert_eq!(burst(&RateLimiting::new(5.0, 2.0, clock.clone())), 2);
        assert_eq!(burst(&RateLimiting::new(5.0, 99.0, clock.clone())), 5);
        assert_eq!(burst(&RateLimiting::new(0.5, 99.0, clock.clone())), 1);
        assert_eq!(burst(&RateLimiting::new(5.0, -1.0, clock)), 0);
    }

    #[test]
    fn a_trace_from_elsewhere_keeps_its_decision_and_costs_no_token() {
        let sampler = RateLimiting::new(1.0, 1.0, Arc::new(ManualClock::default()));
        let sampled = SpanContext { trace_flags: TraceFlags::SAMPLED, is_remote: true, ..SpanContext::default() };
        let unsampled = SpanContext { trace_flags: TraceFlags::NONE, ..sampled.clone() };
        assert!(decide(&sampler, TraceId([1; 16]), Some(&sampled)));
        assert!(!decide(&sampler, TraceId([1; 16]), Some(&unsampled)));
        assert_eq!(burst(&sampler), 1);
    }

    proptest! {
        #[test]
        fn never_more_pass_than_rate_times_time_plus_one_bucket(
            rate in 0.01..50.0f64, steps in prop::collection::vec(0u64..2_000, 1..200)
        ) {
            let clock = Arc::new(ManualClock::default());
            let sampler = RateLimiting::new(rate, 0.0, clock.clone());
            let mut passed = 0;
            for step in &steps {
                clock.advance(Duration::from_millis(*step));
                passed += u32::from(decide(&sampler, TraceId([1; 16]), None));
            }
            let seconds = steps.iter().sum::<u64>() as f64 / 1e3;
            prop_assert!(f64::from(passed) <= rate * seconds * 1.000_001 + 1e-6, "{passed} in {seconds} s");
        }
    }
}
