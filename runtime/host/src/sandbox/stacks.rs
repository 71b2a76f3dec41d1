//! Stacks of calls, used again: an instance that is made again after a fault finds one whose memory is there already.
//!
//! Constraints: a stack is one store's at a time, from its first call until it is dropped; what one leaves behind is zeros
//! when the next gets it, although no guest can read it; memory that may not be touched lies below each; a few wait for
//! whoever comes next, with a few pages each, whatever their last user needed.

#![expect(unsafe_code, reason = "maps memory, and promises wasmtime that it is a stack")]

use std::{
    ops::Range,
    ptr::{NonNull, null_mut, write_bytes},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustix::{
    io::Errno,
    mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap},
};
use wasmtime::{StackCreator, StackMemory};

/// Stacks that wait for whoever comes next.
const MAX_WAITING: usize = 8;
/// Bytes below a stack that may not be touched: whole pages, however large those are.
const GUARD_BYTES: usize = 64 << 10;
/// Bytes of a waiting stack that keep their memory: the upper ones, which every call uses.
const KEPT_BYTES: usize = 32 << 10;

/// Where an engine gets its stacks.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    waiting: Arc<Mutex<Vec<Mapping>>>,
}

/// Memory for a stack, and the guard below it.
#[derive(Debug)]
struct Mapping {
    base: NonNull<u8>,
    stack_bytes: usize,
}

// SAFETY: it is the only one that knows the memory.
unsafe impl Send for Mapping {}
// SAFETY: shared, it tells addresses and no more.
unsafe impl Sync for Mapping {}

/// A stack that a store uses.
#[derive(Debug)]
struct Stack {
    /// Taken on drop, never before.
    mapping: Option<Mapping>,
    waiting: Arc<Mutex<Vec<Mapping>>>,
}

impl Mapping {
    fn new(size: usize) -> rustix::io::Result<Self> {
        let stack_bytes = size.checked_next_multiple_of(GUARD_BYTES).ok_or(Errno::NOMEM)?;
        let bytes = stack_bytes.checked_add(GUARD_BYTES).ok_or(Errno::NOMEM)?;
        // SAFETY: new memory, wherever there is room.
        let base = unsafe { mmap_anonymous(null_mut(), bytes, ProtFlags::empty(), MapFlags::PRIVATE)? };
        let base = NonNull::new(base.cast()).ok_or(Errno::NOMEM)?;
        let mapping = Self { base, stack_bytes };
        // SAFETY: all of it was mapped just now, and nobody else knows it.
        unsafe { mprotect(mapping.bottom().cast(), stack_bytes, MprotectFlags::READ | MprotectFlags::WRITE)? };
        Ok(mapping)
    }

    fn bottom(&self) -> *mut u8 {
        self.base.as_ptr().wrapping_add(GUARD_BYTES)
    }

    fn top(&self) -> *mut u8 {
        self.bottom().wrapping_add(self.stack_bytes)
    }

    /// Makes all of it zeros, and gives back the memory of all but the upper part.
    fn clean(&mut self) -> rustix::io::Result<()> {
        let kept_bytes = KEPT_BYTES.min(self.stack_bytes);
        // SAFETY: both parts are the mapping's, which nobody uses. Private memory without a file reads as zeros after this.
        unsafe {
            madvise(self.bottom().cast(), self.stack_bytes - kept_bytes, Advice::LinuxDontNeed)?;
            write_bytes(self.top().wrapping_sub(kept_bytes), 0, kept_bytes);
        }
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it was mapped by `new` and is used by nobody.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), GUARD_BYTES + self.stack_bytes) };
    }
}

// SAFETY: `Mapping::new` makes stacks of whole pages with a guard below that may not be touched; they are zeros, at first and
// whenever one is used again, and belong to one `Stack` at a time.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, size: usize, _zeroed: bool) -> wasmtime::Result<Box<dyn StackMemory>> {
        let found = {
            let mut waiting = lock(&self.waiting);
            let fitting = waiting.iter().rposition(|mapping| mapping.stack_bytes >= size);
            fitting.map(|at| waiting.swap_remove(at))
        };
        let mapping = match found {
            Some(mapping) => mapping,
            None => Mapping::new(size)?,
        };
        Ok(Box::new(Stack { mapping: Some(mapping), waiting: Arc::clone(&self.waiting) }))
    }
}

impl Stack {
    fn mapping(&self) -> (*mut u8, Range<*mut u8>) {
        let none = (null_mut(), null_mut()..null_mut());
        self.mapping.as_ref().map_or(none, |mapping| (mapping.top(), mapping.base.as_ptr()..mapping.bottom()))
    }
}

// SAFETY: the memory is mapped for as long as this lives.
unsafe impl StackMemory for Stack {
    fn top(&self) -> *mut u8 {
        self.mapping().0
    }

    fn range(&self) -> Range<usize> {
        let (top, guard) = self.mapping();
        guard.end.addr()..top.addr()
    }

    fn guard_range(&self) -> Range<*mut u8> {
        self.mapping().1
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let Some(mut mapping) = self.mapping.take() else { return };
        if lock(&self.waiting).len() >= MAX_WAITING || mapping.clean().is_err() {
            return;
        }
        let mut waiting = lock(&self.waiting);
        if waiting.len() < MAX_WAITING {
            waiting.push(mapping);
        }
    }
}

fn lock(waiting: &Mutex<Vec<Mapping>>) -> MutexGuard<'_, Vec<Mapping>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 256 << 10;

    fn write(stack: &dyn StackMemory, from_top: usize, byte: u8) {
        // SAFETY: within the stack, which this test alone uses.
        unsafe { stack.top().sub(from_top).write(byte) }
    }

    fn read(stack: &dyn StackMemory, from_top: usize) -> u8 {
        // SAFETY: as above.
        unsafe { stack.top().sub(from_top).read() }
    }

    #[test]
    fn a_stack_is_used_again_and_nothing_of_its_last_user_is_in_it() {
        let stacks = Stacks::default();
        let places = [1, KEPT_BYTES, KEPT_BYTES + 1, SIZE / 2, SIZE];
        let first = stacks.new_stack(SIZE, false).unwrap();
        let top = first.top();
        places.iter().for_each(|place| write(&*first, *place, 7));
        drop(first);
        let second = stacks.new_stack(SIZE, false).unwrap();
        assert_eq!(second.top(), top);
        assert_eq!(places.map(|place| read(&*second, place)), [0; 5]);
    }

    #[test]
    fn two_stores_never_have_one_stack() {
        let stacks = Stacks::default();
        let (first, second) = (stacks.new_stack(SIZE, false).unwrap(), stacks.new_stack(SIZE, false).unwrap());
        let (one, other) = (first.range(), second.range());
        assert!(one.end <= other.start || other.end <= one.start, "{one:x?} {other:x?}");
    }

    #[test]
    fn a_stack_has_the_size_that_was_asked_for_and_a_guard_below_it() {
        let stacks = Stacks::default();
        let stack = stacks.new_stack(SIZE - 1, false).unwrap();
        assert_eq!((stack.range().len(), stack.range().end), (SIZE, stack.top().addr()));
        assert_eq!(stack.guard_range().end.addr(), stack.range().start);
        assert_eq!(stack.guard_range().end.addr() - stack.guard_range().start.addr(), GUARD_BYTES);
        drop(stack);
        assert!(stacks.new_stack(2 * SIZE, false).unwrap().range().len() >= 2 * SIZE, "too small a one");
    }

    #[test]
    fn no_more_wait_than_may() {
        let stacks = Stacks::default();
        let used: Vec<_> = (0..=MAX_WAITING).map(|_| stacks.new_stack(SIZE, false).unwrap()).collect();
        drop(used);
        assert_eq!(lock(&stacks.waiting).len(), MAX_WAITING);
    }
}
