//! Everything on one processor.

use std::{io, thread};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Does `work` on a thread of its own that may use one processor only, and so may what it starts.
///
/// # Errors
/// If the system does not allow that.
///
/// # Panics
/// If `work` does.
pub fn on_one_core<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let held = || {
        let allowed = sched_getaffinity(None)?;
        let mut one = CpuSet::new();
        (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu)).into_iter().for_each(|cpu| one.set(cpu));
        sched_setaffinity(None, &one)?;
        Ok(work())
    };
    thread::scope(|scope| scope.spawn(held).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_held_thread_starts_is_held_as_well() {
        let count = || sched_getaffinity(None).unwrap().count();
        let before = count();
        assert_eq!(on_one_core(|| thread::spawn(count).join().unwrap()).unwrap(), 1);
        assert_eq!(count(), before);
    }
}
