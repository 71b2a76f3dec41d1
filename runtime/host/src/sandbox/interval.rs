//! How much fuel a guest burns between two yields: little enough that no stretch is long, whatever a unit of fuel costs.
//!
//! Fuel says nothing about time. A loop takes 0.1 ns for a unit; a chase of pointers through 64 MiB took 250 ns on the
//! machine where this was measured, through 1 GiB 450 ns: a cache miss for each. So nobody begins with more than what is a
//! moment even of the slowest fuel, the longest interval is short enough to be stopped in time whatever comes, and what
//! was measured decides in between. It is the exporter's and not the instance's: one that is stopped at every call has a
//! new instance each time. What no interval cuts is one `memory.fill` or `memory.copy` (0.5 ms for a mebibyte) and a
//! function without loops and calls.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Fuel between two yields of who is not known yet.
const FIRST: u64 = 5_000;
/// Fuel between two yields of a guest whose fuel is fast.
const LONGEST: u64 = 100_000;
/// Fuel between two yields of a guest whose fuel is slow.
const SHORTEST: u64 = 1_000;
/// What an interval should take, by what fuel took in all of the last call: others wait that long for a turn.
const STRETCH: Duration = Duration::from_micros(500);
/// A slice longer than this shortens the interval, however fast the rest of the call was.
const LONG_SLICE: Duration = Duration::from_millis(4);
/// But not below this: it may have been one call of the host, which no interval cuts, and yields cost more than they bring.
const SHORTEST_FOR_A_SLICE: u64 = 10_000;

/// The yield interval of one exporter, in fuel.
#[derive(Debug)]
pub(super) struct YieldInterval(AtomicU64);

/// What a call did with its fuel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Burnt {
    pub(super) fuel: u64,
    /// CPU time.
    pub(super) time: Duration,
    /// CPU time of the longest slice.
    pub(super) longest_slice: Duration,
}

impl Default for YieldInterval {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST))
    }
}

impl YieldInterval {
    /// For the next call.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// A call yielded every `interval`.
    pub(super) fn learn(&self, interval: u64, burnt: Burnt) {
        let next = next_interval(interval, burnt);
        // Of calls side by side the one with the slowest fuel counts.
        let update = |current: u64| Some(if current == interval { next } else { current.min(next) });
        let _ = self.0.fetch_update(Relaxed, Relaxed, update);
    }
}

fn next_interval(interval: u64, burnt: Burnt) -> u64 {
    let Burnt { fuel, time, longest_slice } = burnt;
    if fuel < interval {
        // It never came to a yield, and says nothing about loops.
        return interval;
    }
    let in_a_stretch = u128::from(fuel) * STRETCH.as_nanos() / time.as_nanos().max(1);
    let by_all = u64::try_from(in_a_stretch).unwrap_or(LONGEST).clamp(SHORTEST, LONGEST);
    if longest_slice <= LONG_SLICE {
        return by_all;
    }
    let shrink = longest_slice.as_micros() / LONG_SLICE.as_micros() + 1;
    let by_slice = (interval / u64::try_from(shrink).unwrap_or(u64::MAX)).max(SHORTEST_FOR_A_SLICE);
    by_all.min(by_slice)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Picoseconds for a unit, through 1 GiB, twice as slow as measured for 64 MiB.
    const SLOWEST: u64 = 450_000;
    /// Fuel of a call.
    const FUEL: u64 = 10_000_000;

    fn stretch(interval: u64, picoseconds: u64) -> Duration {
        Duration::from_nanos(interval * picoseconds / 1_000)
    }

    /// A call whose fuel is as slow from its beginning to its end.
    fn burnt(interval: u64, picoseconds: u64) -> Burnt {
        Burnt { fuel: FUEL, time: stretch(FUEL, picoseconds), longest_slice: stretch(interval, picoseconds) }
    }

    #[test]
    fn the_slowest_fuel_is_stopped_in_time_even_by_who_does_not_know_it_yet() {
        let first = YieldInterval::default().get();
        assert!(stretch(first, SLOWEST) <= LONG_SLICE);
        assert!(stretch(LONGEST, SLOWEST) <= Duration::from_millis(50), "and by who knew it as fast");
        assert!(stretch(SHORTEST, SLOWEST) <= STRETCH);
    }

    #[test]
    fn what_fuel_took_decides_to_its_edges() {
        let of = |time: Duration| next_interval(FIRST, Burnt { fuel: FUEL, time, longest_slice: Duration::ZERO });
        // 10,000,000 units in 50 ms are 100,000 in 500 us.
        assert_eq!(of(Duration::ZERO), LONGEST);
        assert_eq!(of(Duration::from_millis(50)), LONGEST);
        assert_eq!(of(Duration::from_millis(100)), LONGEST / 2);
        assert_eq!(of(Duration::from_secs(5)), SHORTEST);
        assert_eq!(of(Duration::from_secs(50)), SHORTEST);
    }

    #[test]
    fn a_long_slice_shortens_the_interval_at_its_edge_and_not_below_what_yields_cost() {
        let tick = Duration::from_micros(1);
        let of = |interval, longest_slice| {
            next_interval(interval, Burnt { fuel: FUEL, time: Duration::from_millis(1), longest_slice })
        };
        assert_eq!(of(80_000, LONG_SLICE), LONGEST);
        assert_eq!(of(80_000, LONG_SLICE + tick), 40_000);
        assert_eq!(of(80_000, Duration::MAX), SHORTEST_FOR_A_SLICE);
    }

    #[test]
    fn a_call_that_never_yielded_teaches_nothing() {
        let of = |fuel| {
            let time = Duration::from_secs(1);
            next_interval(FIRST, Burnt { fuel, time, longest_slice: time })
        };
        assert_eq!((of(0), of(FIRST - 1)), (FIRST, FIRST));
        assert_eq!(of(FIRST), SHORTEST);
    }

    #[test]
    fn of_calls_side_by_side_the_slowest_counts() {
        let interval = YieldInterval::default();
        interval.learn(FIRST, burnt(FIRST, SLOWEST));
        let slow = interval.get();
        assert!(slow < FIRST);
        interval.learn(FIRST, burnt(FIRST, 1));
        assert_eq!(interval.get(), slow);
    }

    proptest! {
        #[test]
        fn one_call_is_enough_to_know_what_fuel_costs(picoseconds in 1..SLOWEST, interval in SHORTEST..=LONGEST) {
            let learnt = next_interval(interval, burnt(interval, picoseconds));
            prop_assert!((SHORTEST..=LONGEST).contains(&learnt) && stretch(learnt, picoseconds) <= STRETCH);
            // And it stays so.
            prop_assert_eq!(next_interval(learnt, burnt(learnt, picoseconds)), learnt);
        }

        #[test]
        fn whatever_a_call_did_the_interval_keeps_to_its_bounds(
            fuel: u64, time in 0..u64::MAX, longest in 0..u64::MAX, interval in SHORTEST..=LONGEST,
        ) {
            let [time, longest_slice] = [time, longest].map(Duration::from_nanos);
            let next = next_interval(interval, Burnt { fuel, time, longest_slice });
            prop_assert!((SHORTEST..=LONGEST).contains(&next));
        }
    }
}
