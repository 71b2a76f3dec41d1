//! A number for each thread, so that threads that record do not share memory they write.

use std::{
    cell::Cell,
    marker::PhantomData,
    ptr::from_ref,
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

/// A thread, among those that there are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreadSlot {
    pub(crate) number: usize,
    /// No other thread has it as long as this one lives; 0 for a thread that is ending.
    token: usize,
    /// It is no proof of anything on another thread.
    stays: PhantomData<*const ()>,
}

impl SlotCounter {
    /// This thread.
    #[inline]
    pub(crate) fn slot(&self) -> ThreadSlot {
        let slot = SLOT.try_with(|slot| {
            let number = match slot.get() {
                UNSET => self.give(slot),
                known => known,
            };
            ThreadSlot { number, token: from_ref(slot).addr(), stays: PhantomData }
        });
        slot.unwrap_or(ThreadSlot { number: 0, token: 0, stays: PhantomData })
    }

    #[cold]
    fn give(&self, slot: &Cell<usize>) -> usize {
        let next = self.0.fetch_add(1, Ordering::Relaxed) % UNSET;
        slot.set(next);
        next
    }
}

/// Which thread writes something that others only read. The first that comes keeps it for ever: a thread that takes its
/// place when it has ended has its token too.
///
/// An owner may change a number by reading and writing it, which costs a tenth of what it costs where others write too.
#[derive(Debug, Default)]
pub(crate) struct ThreadOwner(AtomicUsize);

impl ThreadOwner {
    /// Whether it is this thread.
    #[inline]
    pub(crate) fn is(&self, slot: ThreadSlot) -> bool {
        match self.0.load(Ordering::Relaxed) {
            0 => slot.token != 0 && self.claim(slot.token),
            owner => owner == slot.token,
        }
    }

    #[cold]
    fn claim(&self, token: usize) -> bool {
        self.0.compare_exchange(0, token, Ordering::AcqRel, Ordering::Relaxed).is_ok()
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
        let slot = || {
            let slot = counter.slot();
            ((slot.number, slot.token), (counter.slot().number, counter.slot().token))
        };
        let ((a, again), (b, _)) = std::thread::scope(|scope| {
            let first = scope.spawn(slot).join().expect("first thread");
            (first, scope.spawn(slot).join().expect("second thread"))
        });
        assert_eq!(a, again);
        assert_ne!(a.0, b.0);
    }

    #[test]
    fn what_a_thread_owns_no_thread_beside_it_owns() {
        let (counter, owner) = (SlotCounter::default(), ThreadOwner::default());
        let is_mine = || owner.is(counter.slot());
        assert!(is_mine() && is_mine());
        let others = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| is_mine() || is_mine())).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|is_owner| *is_owner).count()
        });
        assert_eq!(others, 0);
        assert!(is_mine());
        assert!(
            !ThreadOwner::default().is(ThreadSlot { number: 0, token: 0, stays: PhantomData }),
            "a thread that is ending"
        );
    }
}
