//! CPU time, which neighbours on the machine do not lengthen by much; wall time they do.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// What the calling thread has used.
pub(crate) fn thread_cpu() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

/// What all threads of this process have used.
pub(crate) fn process_cpu() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

fn duration(time: Timespec) -> Duration {
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// What `work` used of the calling thread.
pub(crate) fn thread_cpu_of(work: impl FnOnce()) -> Duration {
    let start = thread_cpu();
    work();
    thread_cpu().saturating_sub(start)
}

/// Nanoseconds for each of `parts`.
pub(crate) fn nanoseconds_each(time: Duration, parts: u64) -> f64 {
    time.as_nanos() as f64 / parts.max(1) as f64
}

/// How many thousands a core does in a second if each takes so many nanoseconds; 0 if no time was seen, as when threads
/// that were counted before have ended since.
pub(crate) fn thousands_in_a_second(nanoseconds: f64) -> f64 {
    if nanoseconds > 0.0 { 1e6 / nanoseconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_uses_cpu_time_and_so_does_its_process() {
        let process = process_cpu();
        let used = thread_cpu_of(|| {
            let start = thread_cpu();
            while thread_cpu() == start {}
        });
        assert!(used > Duration::ZERO);
        assert!(process_cpu() > process);
        assert_eq!(nanoseconds_each(Duration::from_micros(1), 4), 250.0);
    }

    #[test]
    fn a_core_does_the_more_the_less_each_takes_and_nothing_in_no_time() {
        assert_eq!([500.0, 1e6, 0.0].map(thousands_in_a_second), [2_000.0, 1.0, 0.0]);
    }
}
