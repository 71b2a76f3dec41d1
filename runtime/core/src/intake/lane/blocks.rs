//! Blocks for all lanes, used again.

use std::sync::{Arc, Mutex, PoisonError};

use super::block::Block;
use crate::thread_slot::OwnLine;

/// Blocks, and room for them.
pub(in crate::intake) struct Blocks {
    /// 0 if there are none.
    pub(super) words: usize,
    /// Blocks that are kept for later, for all threads: an eighth of what there may be, and at least a few.
    max_spare: usize,
    /// Away from what is read for every span.
    spare: OwnLine<Mutex<Vec<Arc<Block>>>>,
}

impl Blocks {
    /// Blocks of such a size that those of idle threads take no more than an eighth of these bytes. None at all if they
    /// would be too small to be of use.
    pub(in crate::intake) fn new(max_bytes: usize, shards: usize) -> Self {
        const MIN_WORDS: usize = 512;
        const MAX_WORDS: usize = 8 << 10;
        const MIN_SPARE: usize = 8;
        let words = (max_bytes / (8 * shards) / size_of::<u64>()).min(MAX_WORDS);
        let max_spare = (max_bytes / 8 / (words * size_of::<u64>()).max(1)).max(MIN_SPARE);
        Self { words: if words < MIN_WORDS { 0 } else { words }, max_spare, spare: OwnLine::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.words * size_of::<u64>()
    }

    /// A block that is empty. Never waits: who has the list may be gone, if this is a child process.
    pub(super) fn take(&self) -> Arc<Block> {
        let spare = self.spare.0.try_lock().ok().and_then(|mut spare| spare.pop());
        spare.unwrap_or_else(|| Arc::new(Block::new(self.words)))
    }

    /// Keeps a block that was read, unless there are enough or the writer still has it.
    pub(super) fn put_back(&self, mut block: Arc<Block>) {
        let Some(own) = Arc::get_mut(&mut block) else { return };
        own.reset();
        let mut spare = self.spare.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < self.max_spare {
            spare.push(block);
        }
    }

    /// Gives the memory back.
    pub(in crate::intake) fn forget_spare(&self) {
        drop(std::mem::take(&mut *self.spare.0.lock().unwrap_or_else(PoisonError::into_inner)));
    }

    /// Blocks that are kept.
    #[cfg(test)]
    pub(super) fn spare(&self) -> usize {
        self.spare.0.lock().map_or(0, |spare| spare.len())
    }
}
