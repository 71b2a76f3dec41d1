//! A number for each thread, so that threads that record do not share memory they write.

use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};

thread_local! {
    static SLOT: Cell<usize> = const { Cell::new(UNSET) };
}

const UNSET: usize = usize::MAX;

/// Gives numbers to threads that have none yet. Threads keep the number that the first counter gave them, so that
/// numbers are dense where there is one counter, and merely numbers where there are more.
#[derive(Debug, Default)]
pub(crate) struct SlotCounter(AtomicUsize);

impl SlotCounter {
    /// The number of this thread.
    #[inline]
    pub(crate) fn slot(&self) -> usize {
        // A thread that is ending has no number any more.
        SLOT.try_with(|slot| match slot.get() {
            UNSET => {
                let next = self.0.fetch_add(1, Ordering::Relaxed) % UNSET;
                slot.set(next);
                next
            }
            known => known,
        })
        .unwrap_or(0)
    }
}

/// Keeps what one thread writes apart from what another writes: two cache lines, because processors fetch pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct OwnLine<T>(pub(crate) T);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_number_and_two_threads_of_one_counter_have_two() {
        let counter = SlotCounter::default();
        let slot = || (counter.slot(), counter.slot());
        let ((a, again), (b, _)) = std::thread::scope(|scope| {
            let first = scope.spawn(slot).join().expect("first thread");
            (first, scope.spawn(slot).join().expect("second thread"))
        });
        assert_eq!(a, again);
        assert_ne!(a, b);
    }
}
