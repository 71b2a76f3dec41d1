//! How much fuel a guest burns between two yields: little enough that no stretch is long, whatever a unit of fuel costs.
//!
//! Fuel says nothing about time. A loop takes 0.1 ns for a unit; a chase of pointers through 64 MiB took 250 ns on the
//! machine where this was measured, through 1 GiB 450 ns: a cache miss for each. So the longest interval is short enough
//! for the slowest fuel, and what was measured shortens it further. It is the exporter's and not the instance's: one
//! that is stopped at every call has a new instance each time. What no interval cuts is one `memory.fill` or `memory.copy`
//! (0.5 ms for a mebibyte) and a function without loops and calls.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Fuel between two yields while nothing speaks against it.
const LONGEST: u64 = 100_000;
/// Fuel between two yields of a guest whose fuel is slow.
const SHORTEST: u64 = 10_000;
/// A slice longer than this shortens the interval.
const LONG_SLICE: Duration = Duration::from_millis(4);
/// A call whose slices were all shorter than this lengthens it again.
const SHORT_SLICE: Duration = Duration::from_millis(1);

/// The yield interval of one exporter, in fuel.
#[derive(Debug)]
pub(super) struct YieldInterval(AtomicU64);

impl Default for YieldInterval {
    fn default() -> Self {
        Self(AtomicU64::new(LONGEST))
    }
}

impl YieldInterval {
    /// For the next call.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// A call that yielded every `interval` had slices up to `longest`, in CPU time.
    pub(super) fn learn(&self, interval: u64, longest: Duration) {
        let next = next_interval(interval, longest);
        // Of calls side by side the one with the slowest fuel counts.
        let update = |current: u64| Some(if current == interval { next } else { current.min(next) });
        let _ = self.0.fetch_update(Relaxed, Relaxed, update);
    }
}

fn next_interval(interval: u64, longest: Duration) -> u64 {
    if longest > LONG_SLICE {
        let shrink = longest.as_micros() / LONG_SLICE.as_micros() + 1;
        return (interval / u64::try_from(shrink).unwrap_or(u64::MAX)).max(SHORTEST);
    }
    if longest < SHORT_SLICE {
        return interval.saturating_mul(2).min(LONGEST);
    }
    interval
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Picoseconds for a unit, through 1 GiB, twice as slow as measured for 64 MiB.
    const SLOWEST: u64 = 450_000;

    fn stretch(interval: u64, picoseconds: u64) -> Duration {
        Duration::from_nanos(interval * picoseconds / 1_000)
    }

    #[test]
    fn the_slowest_fuel_is_stopped_in_time_even_by_who_does_not_know_it_yet() {
        let first = YieldInterval::default().get();
        assert!(stretch(first, SLOWEST) <= Duration::from_millis(50));
        assert_eq!(first, LONGEST, "nothing lengthens it beyond");
        assert!(stretch(SHORTEST, SLOWEST) <= LONG_SLICE + SHORT_SLICE);
    }

    #[test]
    fn slow_fuel_shortens_the_interval_at_its_edge_and_fast_fuel_restores_it() {
        let tick = Duration::from_micros(1);
        assert_eq!(next_interval(80_000, LONG_SLICE), 80_000);
        assert_eq!(next_interval(80_000, LONG_SLICE + tick), 40_000);
        assert_eq!(next_interval(80_000, SHORT_SLICE), 80_000);
        assert_eq!(next_interval(40_000, SHORT_SLICE - tick), 80_000);
        assert_eq!(next_interval(80_000, SHORT_SLICE - tick), LONGEST);
        assert_eq!(next_interval(SHORTEST, Duration::MAX), SHORTEST);
        assert_eq!(next_interval(LONGEST, Duration::ZERO), LONGEST);
    }

    #[test]
    fn of_calls_side_by_side_the_slowest_counts() {
        let interval = YieldInterval::default();
        interval.learn(LONGEST, Duration::from_millis(20));
        let slow = interval.get();
        assert!(slow <= LONGEST / 5);
        interval.learn(LONGEST, Duration::ZERO);
        assert_eq!(interval.get(), slow);
    }

    proptest! {
        #[test]
        fn one_call_is_enough_to_know_what_fuel_costs(picoseconds in 1..SLOWEST) {
            let interval = YieldInterval::default();
            interval.learn(LONGEST, stretch(LONGEST, picoseconds));
            let learnt = interval.get();
            prop_assert!(learnt == SHORTEST || stretch(learnt, picoseconds) <= LONG_SLICE);
            // And it stays so.
            interval.learn(learnt, stretch(learnt, picoseconds));
            let (then, twice) = (interval.get(), LONG_SLICE.max(stretch(SHORTEST, SLOWEST)));
            prop_assert!((SHORTEST..=LONGEST).contains(&then) && stretch(then, picoseconds) <= twice);
        }
    }
}
