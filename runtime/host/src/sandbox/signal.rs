//! Tells a slice that ended because the guest gave way from one that ended because it waits in the host.
//!
//! Both answer "pending". But who gives way has woken itself by then, and wants another slice at once.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicU8,
            Ordering::{AcqRel, Acquire, Release},
        },
    },
    task::{Wake, Waker},
};

const AWAY: u8 = 0;
const RUNNING: u8 = 1;
const WOKEN: u8 = 2;

/// What a guest's call is woken by. While a slice runs, a wake-up is noted and goes no further.
#[derive(Debug)]
pub(super) struct Signal {
    state: AtomicU8,
    outer: Waker,
}

impl Signal {
    /// Passes on to `outer` what comes between two slices.
    pub(super) fn new(outer: &Waker) -> Arc<Self> {
        Arc::new(Self { state: AtomicU8::new(AWAY), outer: outer.clone() })
    }

    /// Whether it wakes the same task as `outer`.
    pub(super) fn is_for(&self, outer: &Waker) -> bool {
        self.outer.will_wake(outer)
    }

    /// A slice begins.
    pub(super) fn begin(&self) {
        self.state.store(RUNNING, Release);
    }

    /// The slice is over; whether the call was woken in it.
    pub(super) fn end(&self) -> bool {
        self.state.swap(AWAY, AcqRel) == WOKEN
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.compare_exchange(RUNNING, WOKEN, AcqRel, Acquire) == Err(AWAY) {
            self.outer.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn a_wake_up_is_noted_in_a_slice_and_passed_on_outside_of_it() {
        let count = Arc::new(Count::default());
        let signal = Signal::new(&Waker::from(count.clone()));
        let waker = Waker::from(signal.clone());
        signal.begin();
        assert!(!signal.end());
        signal.begin();
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert!(signal.end());
        assert_eq!(count.0.load(SeqCst), 0);
        waker.wake_by_ref();
        assert_eq!(count.0.load(SeqCst), 1);
        signal.begin();
        assert!(!signal.end(), "a wake-up from before the slice counts for it");
    }

    #[test]
    fn it_knows_its_task() {
        let (one, other) = (Waker::from(Arc::new(Count::default())), Waker::from(Arc::new(Count::default())));
        let signal = Signal::new(&one);
        assert!(signal.is_for(&one.clone()) && !signal.is_for(&other));
    }
}
