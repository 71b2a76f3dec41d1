//! The machine's clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use spangate_core::clock::Clock;

/// Time of day and monotonic time as the operating system tells them.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
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
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}
