//! Memory that one thread writes and another reads behind it.
//!
//! Constraints: no lock and no waiting on either side. A word is written once, then it may be read for as long as the
//! block is; the two sides agree elsewhere on how far that is.
#![expect(unsafe_code, reason = "two threads use one piece of memory at once, each its own part of it")]

use std::{
    cell::UnsafeCell,
    ops::Range,
    sync::{Arc, OnceLock},
};

use crate::scope::Origin;

/// Origins that spans of one block may have.
const ORIGINS: usize = 8;

/// A piece of memory, and what spans in it refer to.
#[derive(Debug)]
pub(super) struct Block {
    words: Box<[UnsafeCell<u64>]>,
    origins: [OnceLock<Arc<Origin>>; ORIGINS],
    /// What was written after this one was full.
    pub(super) next: OnceLock<Arc<Block>>,
}

// SAFETY: the words are all that is not `Sync` by itself. They are reached through the two functions below alone, whose
// callers promise that no word is written while it is read or after it.
unsafe impl Sync for Block {}

impl Block {
    pub(super) fn new(words: usize) -> Self {
        Self {
            words: (0..words).map(|_| UnsafeCell::new(0)).collect(),
            origins: Default::default(),
            next: OnceLock::new(),
        }
    }

    /// Words there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// Words to write, as far as there are so many.
    ///
    /// # Safety
    /// Until the reference is gone nobody else reads or writes these words: they are not published, and one thread alone
    /// writes to the block.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "the caller promises that nobody else has these words")]
    pub(super) unsafe fn unpublished(&self, range: Range<usize>) -> &mut [u64] {
        let words = self.words.get(range).unwrap_or_default();
        // SAFETY: `UnsafeCell<u64>` has the layout of `u64`, and the caller promises that the words are its own.
        unsafe { std::slice::from_raw_parts_mut(UnsafeCell::raw_get(words.as_ptr()), words.len()) }
    }

    /// Words to read, as far as there are so many.
    ///
    /// # Safety
    /// These words were published: this thread knows that they were written, and nobody writes them any more.
    #[inline]
    pub(super) unsafe fn published(&self, range: Range<usize>) -> &[u64] {
        let words = self.words.get(range).unwrap_or_default();
        // SAFETY: `UnsafeCell<u64>` has the layout of `u64`, and the caller promises that nobody writes.
        unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len()) }
    }

    /// The number of an origin in this block, which gets one if it has none. None if there are too many.
    pub(super) fn number_of(&self, origin: &Arc<Origin>) -> Option<usize> {
        self.origins.iter().position(|place| Arc::ptr_eq(place.get_or_init(|| origin.clone()), origin))
    }

    /// The origin of a number.
    #[inline]
    pub(super) fn origin(&self, number: usize) -> Option<&Arc<Origin>> {
        self.origins.get(number).and_then(OnceLock::get)
    }

    /// Forgets what the block refers to, so that it can be written from its beginning. Nobody else has it.
    pub(super) fn reset(&mut self) {
        self.origins = Default::default();
        self.next = OnceLock::new();
    }
}

impl Drop for Block {
    /// One after the other: there may be a thousand of them, and each holds the next.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut block) = next.and_then(Arc::into_inner) {
            next = block.next.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::InstrumentationScope;

    #[test]
    fn what_is_written_is_read_and_nothing_lies_behind_the_end() {
        let block = Block::new(8);
        // SAFETY: there is one thread, and no reference is kept.
        unsafe {
            block.unpublished(2..4).copy_from_slice(&[7, 8]);
            assert_eq!(block.published(1..5), [0, 7, 8, 0]);
            assert_eq!((block.unpublished(7..9).len(), block.published(8..9).len()), (0, 0));
        }
    }

    #[test]
    fn origins_are_numbered_as_far_as_there_are_numbers() {
        let mut block = Block::new(1);
        let origin = || Arc::new(Origin { resource: Arc::default(), scope: InstrumentationScope::default() });
        let origins: Vec<_> = (0..=ORIGINS).map(|_| origin()).collect();
        for _ in 0..2 {
            let numbers: Vec<_> = origins.iter().map(|origin| block.number_of(origin)).collect();
            let expected: Vec<_> = (0..=ORIGINS).map(|number| (number < ORIGINS).then_some(number)).collect();
            assert_eq!(numbers, expected);
        }
        assert!(block.origin(1).is_some_and(|known| Arc::ptr_eq(known, &origins[1])));
        block.reset();
        assert!(block.origin(1).is_none());
        assert_eq!(Arc::strong_count(&origins[1]), 1);
    }
}
