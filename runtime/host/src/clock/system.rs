//! The machine's clock, as the operating system tells it.
//!
//! Two clocks, and every span that starts wants both. One look at the monotonic clock gives both: how far the time of
//! day is from it is looked up once a second.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use spangate_core::clock::{Clock, Reading};

/// How long the distance between the clocks is believed, in monotonic nanoseconds.
const LOOK_EVERY: u64 = 1_000_000_000;
/// A look at both clocks that takes longer than this was interrupted, and is taken again.
const SHORT: Duration = Duration::from_micros(5);

/// Time of day and monotonic time as the operating system tells them.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
    /// Time of day at which the monotonic time was zero: the distance between the clocks.
    unix_nanos_at_origin: AtomicU64,
    /// Monotonic nanoseconds at which to look up the distance again.
    look_at: AtomicU64,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> Self {
        let clock =
            Self { origin: Instant::now(), unix_nanos_at_origin: AtomicU64::new(0), look_at: AtomicU64::new(0) };
        clock.look();
        clock
    }

    /// Looks the distance up. Two threads may do so at once: both find the same.
    #[cold]
    fn look(&self) {
        const TRIES: usize = 4;
        for _ in 0..TRIES {
            let before = self.monotonic();
            let unix_nanos = self.unix_nanos();
            let after = self.monotonic();
            self.unix_nanos_at_origin.store(unix_nanos.saturating_sub(nanoseconds(before)), Relaxed);
            self.look_at.store(nanoseconds(after).saturating_add(LOOK_EVERY), Relaxed);
            if after.saturating_sub(before) <= SHORT {
                return;
            }
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    /// A machine whose clock stands before 1970 reads 0; the year 2554 and later read as the largest number.
    fn unix_nanos(&self) -> u64 {
        nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    /// A clock that is set is noticed within a second.
    fn read(&self) -> Reading {
        let nanos = self.monotonic_nanos();
        if nanos >= self.look_at.load(Relaxed) {
            self.look();
        }
        let unix_nanos = self.unix_nanos_at_origin.load(Relaxed).saturating_add(nanos);
        Reading { unix_nanos, monotonic_nanos: nanos }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: u64 = 1_000_000_000;

    #[test]
    fn one_reading_tells_both_times_as_the_two_clocks_do() {
        let clock = SystemClock::new();
        let (unix, monotonic) = (clock.unix_nanos(), clock.monotonic_nanos());
        let reading = clock.read();
        let (unix_after, monotonic_after) = (clock.unix_nanos(), clock.monotonic_nanos());
        assert!((monotonic..=monotonic_after).contains(&reading.monotonic_nanos));
        // The clocks are looked at one after the other, and may be slewed in between.
        assert!((unix - TOLERANCE..=unix_after + TOLERANCE).contains(&reading.unix_nanos), "{reading:?}");
    }

    #[test]
    fn a_clock_that_was_set_is_noticed_at_the_next_look() {
        let clock = SystemClock::new();
        let right = clock.read().unix_nanos;
        clock.unix_nanos_at_origin.store(5, Relaxed);
        assert!(clock.read().unix_nanos < right);
        clock.look_at.store(0, Relaxed);
        // Either look may have been interrupted between the two clocks.
        assert!(clock.read().unix_nanos >= right - TOLERANCE);
        assert!(clock.look_at.load(Relaxed) >= LOOK_EVERY);
    }
}
