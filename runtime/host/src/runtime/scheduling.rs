//! How a thread of ours behaves towards those of the application.
//!
//! A thread that wakes may push the one that runs off its processor, whatever their priorities: who has slept has time to
//! its credit. A thread that records spans wakes the collector about once for each batch, in the middle of recording one.
//! On one core that span took as long as the collector and whoever came next: 0.6 ms at p99.9, 7 us if the collector waits
//! for its turn.

#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "no dependency wraps sched_setscheduler"))]

/// Has this thread push nobody off a processor when it wakes; it gets as much time as before. `SCHED_BATCH` of sched(7),
/// on Linux alone. Best effort.
pub(super) fn push_nobody_aside() {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: all zeros are a `sched_param`, and no other is allowed for this policy.
        let parameter: libc::sched_param = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a value that outlives the call; 0 is the thread that calls.
        let _ = unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &parameter) };
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The 41st field of proc_pid_stat(5); the second is a name that may hold anything up to the last parenthesis.
    fn policy_of_this_thread() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("proc");
        let after_name = stat.rsplit_once(") ").expect("a name").1;
        after_name.split(' ').nth(38).and_then(|field| field.parse().ok()).expect("a policy")
    }

    #[test]
    fn a_thread_that_is_marked_has_another_policy_and_others_keep_theirs() {
        let before = policy_of_this_thread();
        let marked = std::thread::spawn(|| {
            push_nobody_aside();
            policy_of_this_thread()
        });
        assert_eq!((marked.join().expect("a thread"), policy_of_this_thread()), (libc::SCHED_BATCH, before));
        assert_ne!(before, libc::SCHED_BATCH);
    }
}
