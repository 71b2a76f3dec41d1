//! Time, handed in from outside. Core never reads a clock of its own.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// One look at the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Nanoseconds since the Unix epoch.
    pub unix_nanos: u64,
    /// Nanoseconds since a fixed moment in the past; never runs backwards.
    pub monotonic_nanos: u64,
}

/// Tells the time of day, for time stamps, and monotonic time, for durations.
pub trait Clock: Send + Sync {
    /// Nanoseconds since the Unix epoch. May jump when the machine's clock is set.
    fn unix_nanos(&self) -> u64;

    /// Time since a fixed moment in the past; never runs backwards.
    fn monotonic(&self) -> Duration;

    /// The same in nanoseconds. Override it where they are at hand: it is called for every span that ends.
    fn monotonic_nanos(&self) -> u64 {
        u64::try_from(self.monotonic().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Both at once. Override it where one reading gives both: it is called for every span that starts.
    fn read(&self) -> Reading {
        Reading { unix_nanos: self.unix_nanos(), monotonic_nanos: self.monotonic_nanos() }
    }
}

/// A clock that stands still until it is told to move. For tests, and for embedders that simulate.
#[derive(Debug, Default)]
pub struct ManualClock {
    unix_nanos: AtomicU64,
    monotonic_nanos: AtomicU64,
}

impl ManualClock {
    /// A clock at this time of day; its monotonic time is zero.
    pub fn at_unix_nanos(unix_nanos: u64) -> Self {
        Self { unix_nanos: AtomicU64::new(unix_nanos), monotonic_nanos: AtomicU64::new(0) }
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.unix_nanos.fetch_add(nanos, Ordering::SeqCst);
        self.monotonic_nanos.fetch_add(nanos, Ordering::SeqCst);
    }

    /// Sets the time of day, as an administrator might. Monotonic time goes on undisturbed.
    pub fn set_unix_nanos(&self, unix_nanos: u64) {
        self.unix_nanos.store(unix_nanos, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn unix_nanos(&self) -> u64 {
        self.unix_nanos.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic_nanos.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_time_of_day_leaves_monotonic_time_alone() {
        let clock = ManualClock::at_unix_nanos(1_000);
        clock.advance(Duration::from_nanos(5));
        assert_eq!(clock.read(), Reading { unix_nanos: 1_005, monotonic_nanos: 5 });
        clock.set_unix_nanos(7);
        assert_eq!(clock.read(), Reading { unix_nanos: 7, monotonic_nanos: 5 });
    }
}
