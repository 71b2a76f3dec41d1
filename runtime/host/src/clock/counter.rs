//! The clock that spans are timed by: the processor's time stamp counter, kept to the operating system's clocks.
//!
//! A look costs 10 ns where the operating system's costs 25. The counter is used only where Linux itself keeps time by it,
//! which it does after testing that it runs evenly and alike on all cores, and gives up in machines and virtual machines
//! where it does not. Elsewhere this is [`SystemClock`].

use std::{fs, time::Duration};

use spangate_core::clock::{Clock, Reading};

use super::{
    paced::{Counter, Paced},
    system::SystemClock,
};

/// Where Linux says what it keeps time by.
const CLOCK_SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/// Time of day and monotonic time, fast. A clock that is set is noticed within a second.
///
/// It follows the operating system's monotonic clock: measured over minutes it is within a microsecond of it, but for the
/// first second. Making the first one of a process takes about a millisecond.
#[derive(Debug)]
pub struct CounterClock(Source);

#[derive(Debug)]
enum Source {
    Counter(Paced<quanta::Clock, SystemClock>),
    System(SystemClock),
}

impl Counter for quanta::Clock {
    #[inline]
    fn ticks(&self) -> u64 {
        self.raw()
    }
}

impl CounterClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> Self {
        let source = fs::read_to_string(CLOCK_SOURCE).unwrap_or_default();
        if is_counter(&source) { Self::counting() } else { Self(Source::System(SystemClock::new())) }
    }

    /// Whether the counter is used: it was from the start, and has not been found wrong.
    pub fn is_counting(&self) -> bool {
        match &self.0 {
            Source::Counter(paced) => paced.is_trusted(),
            Source::System(_) => false,
        }
    }

    fn counting() -> Self {
        let counter = quanta::Clock::new();
        // Nanoseconds in 2^32 ticks are nanoseconds per tick in units of 2^-32.
        let rate = counter.delta_as_nanos(0, 1 << 32);
        Self(Source::Counter(Paced::new(counter, SystemClock::new(), rate)))
    }
}

/// Whether this is the name of a counter that programs may read: x86's, or Arm's.
fn is_counter(source: &str) -> bool {
    matches!(source.trim(), "tsc" | "arch_sys_counter")
}

impl Default for CounterClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for CounterClock {
    fn unix_nanos(&self) -> u64 {
        self.read().unix_nanos
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic_nanos())
    }

    fn monotonic_nanos(&self) -> u64 {
        match &self.0 {
            Source::Counter(paced) => paced.monotonic_nanos(),
            Source::System(system) => system.monotonic_nanos(),
        }
    }

    fn read(&self) -> Reading {
        match &self.0 {
            Source::Counter(paced) => paced.read(),
            Source::System(system) => system.read(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, thread};

    use super::*;

    #[test]
    fn only_the_processors_counters_are_read() {
        let sources =
            ["tsc\n", "arch_sys_counter\n", "kvm-clock\n", "hyperv_clocksource_tsc_page\n", "hpet", "xen", ""];
        assert_eq!(sources.map(is_counter), [true, true, false, false, false, false, false]);
    }

    /// Nobody knows what machine a test runs on: whatever its counter does, what is told must be right.
    #[test]
    fn threads_are_told_the_time_that_the_machine_tells_and_never_an_earlier_one() {
        const TOLERANCE: u64 = 50_000_000;
        let (system, clock) = (SystemClock::new(), CounterClock::counting());
        let offset = clock.monotonic_nanos().wrapping_sub(system.monotonic_nanos());
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut last = 0;
                    while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                        let before = system.monotonic_nanos();
                        let (told, after) = (clock.read(), system.monotonic_nanos());
                        assert!(told.monotonic_nanos >= last, "{told:?} after {last}");
                        last = told.monotonic_nanos;
                        let told_here = last.wrapping_sub(offset);
                        assert!(
                            (before.saturating_sub(TOLERANCE)..=after + TOLERANCE).contains(&told_here),
                            "{told:?}"
                        );
                    }
                });
            }
            thread::sleep(Duration::from_millis(2_500));
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
