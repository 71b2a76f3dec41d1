//! Threads on which nothing is recorded: spangate's own.
//!
//! Libraries that send what was recorded record spans themselves: about connections, about host calls. Those would be
//! sent in turn, without end. A runtime marks its threads; front ends that record whatever a process does look here.

use std::cell::Cell;

thread_local! {
    static IS_SUPPRESSED: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread, until it ends, as one on which front ends record nothing.
pub fn suppress_this_thread() {
    // A thread that is ending records nothing more.
    let _ = IS_SUPPRESSED.try_with(|is_suppressed| is_suppressed.set(true));
}

/// Whether this thread was marked.
#[inline]
pub fn is_suppressed() -> bool {
    IS_SUPPRESSED.try_with(Cell::get).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_that_was_marked_is_suppressed() {
        let marked = std::thread::spawn(|| {
            suppress_this_thread();
            is_suppressed()
        });
        assert!(marked.join().expect("thread"));
        assert!(!is_suppressed());
    }
}
