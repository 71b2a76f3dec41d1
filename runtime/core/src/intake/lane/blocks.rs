//! Blocks for all lanes, used again.

use std::sync::{Arc, Mutex, PoisonError};

use super::block::Block;

/// Blocks that are kept for later, for all threads.
const MAX_SPARE: usize = 32;

/// Blocks, and room for them.
pub(in crate::intake) struct Blocks {
    /// 0 if there are none.
    pub(super) words: usize,
    spare: Mutex<Vec<Arc<Block>>>,
}

impl Blocks {
    /// Blocks of such a size that those of idle threads take no more than an eighth of these bytes. None at all if they
    /// would be too small to be of use.
    pub(in crate::intake) fn new(max_bytes: usize, shards: usize) -> Self {
        const MIN_WORDS: usize = 512;
        const MAX_WORDS: usize = 8 << 10;
        let words = (max_bytes / (8 * shards) / size_of::<u64>()).min(MAX_WORDS);
        Self { words: if words < MIN_WORDS { 0 } else { words }, spare: Mutex::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.words * size_of::<u64>()
    }

    /// A block that is empty. Never waits: who has the list may be gone, if this is a child process.
    pub(super) fn take(&self) -> Arc<Block> {
        let spare = self.spare.try_lock().ok().and_then(|mut spare| spare.pop());
        spare.unwrap_or_else(|| Arc::new(Block::new(self.words)))
    }

    /// Keeps a block that was read, unless there are enough or the writer still has it.
    pub(super) fn put_back(&self, mut block: Arc<Block>) {
        let Some(own) = Arc::get_mut(&mut block) else { return };
        own.reset();
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < MAX_SPARE {
            spare.push(block);
        }
    }

    /// Gives the memory back.
    pub(in crate::intake) fn forget_spare(&self) {
        drop(std::mem::take(&mut *self.spare.lock().unwrap_or_else(PoisonError::into_inner)));
    }

    /// Blocks that are kept.
    #[cfg(test)]
    pub(super) fn spare(&self) -> usize {
        self.spare.lock().map_or(0, |spare| spare.len())
    }
}
