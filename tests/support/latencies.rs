//! How long something took, many times, and how that compares with another time.

use std::{
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

/// The longest that is told apart.
const LONGEST: Duration = Duration::from_secs(600);
/// Digits that are kept.
const DIGITS: u8 = 3;

/// A histogram of durations, to three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    ///
    /// # Panics
    /// Never: the bounds are sound.
    pub fn new() -> Self {
        let longest = u64::try_from(LONGEST.as_nanos()).expect("fewer than 2^64 nanoseconds");
        Self(Histogram::new_with_bounds(1, longest, DIGITS).expect("sound bounds"))
    }

    /// One more.
    pub fn add(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// All of `other` as well.
    ///
    /// # Panics
    /// Never: all histograms have the same bounds.
    pub fn join(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the same bounds");
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// No longer than this was the share `quantile` of all, from 0 to 1. Zero if there are none.
    pub fn at(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(quantile))
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    /// How many times as long as in `base` the share `quantile` took. Not a number if `base` has none.
    pub fn times(&self, base: &Self, quantile: f64) -> f64 {
        self.at(quantile).as_nanos() as f64 / base.at(quantile).as_nanos() as f64
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

/// Does something `times` times, one every `period`, however long the one before took. Each is measured from the moment
/// when it was due: who waits for another one has waited, too.
///
/// A neighbour's ratio is that of two such measurements, of which only one has the neighbour:
///
/// ```
/// # use std::time::Duration;
/// # use spangate_tests::latencies_at_pace;
/// # let deliver = |_: u32| Ok::<_, std::convert::Infallible>(());
/// let alone = latencies_at_pace(Duration::from_micros(50), 10, deliver).unwrap();
/// let beside = latencies_at_pace(Duration::from_micros(50), 10, deliver).unwrap();
/// println!("p99 is {:.2} times as long", beside.times(&alone, 0.99));
/// ```
///
/// # Errors
/// The first of `work`.
pub fn latencies_at_pace<E>(
    period: Duration,
    times: u32,
    mut work: impl FnMut(u32) -> Result<(), E>,
) -> Result<Latencies, E> {
    let mut latencies = Latencies::new();
    let start = Instant::now();
    for number in 0..times {
        let due = start + period * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        work(number)?;
        latencies.add(due.elapsed());
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn quantiles_are_those_of_what_was_added() {
        let mut latencies = Latencies::new();
        assert!(latencies.is_empty());
        (1..=1_000).for_each(|number| latencies.add(ms(number)));
        let near = |found: Duration, expected: u64| {
            let ratio = found.as_secs_f64() / ms(expected).as_secs_f64();
            assert!((0.999..1.001).contains(&ratio), "{found:?}, not {expected} ms");
        };
        near(latencies.at(0.5), 500);
        near(latencies.at(0.99), 990);
        near(latencies.max(), 1_000);
        let mut twice = Latencies::new();
        (1..=1_000).for_each(|number| twice.add(ms(2 * number)));
        assert!((1.99..2.01).contains(&twice.times(&latencies, 0.99)));
        latencies.join(&twice);
        assert_eq!(latencies.len(), 2_000);
        near(latencies.max(), 2_000);
    }

    #[test]
    fn who_waits_for_another_one_has_waited_too() {
        // The first takes as long as ten periods: those that were due meanwhile are late.
        let work = |number| {
            thread::sleep(if number == 0 { ms(100) } else { Duration::ZERO });
            Ok::<_, std::convert::Infallible>(())
        };
        let latencies = latencies_at_pace(ms(10), 10, work).unwrap();
        assert_eq!(latencies.len(), 10);
        assert!(latencies.at(0.5) >= ms(50), "{:?}", latencies.at(0.5));
    }

    #[test]
    fn an_error_ends_it() {
        let fails = |number| if number == 3 { Err(number) } else { Ok(()) };
        assert_eq!(latencies_at_pace(Duration::ZERO, 10, fails).unwrap_err(), 3);
    }
}
