//! How much an intake may still hold. Shards take room in lots and give it back when their rows are collected.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::thread_slot::OwnLine;

/// A bounded amount, of rows or of bytes.
pub(super) struct Room {
    max: usize,
    lot: usize,
    /// Away from what is read for every span: threads take lots at any time.
    free: OwnLine<AtomicUsize>,
}

impl Room {
    /// All of it free. Lots are such that no more than an eighth can lie with idle shards, and no larger than `max_lot`.
    pub(super) fn new(max: usize, shards: usize, max_lot: usize) -> Self {
        Self { max, lot: (max / (8 * shards)).clamp(1, max_lot), free: OwnLine(AtomicUsize::new(max)) }
    }

    /// Takes what is needed, and more in advance as far as there is some. None if there is not enough.
    #[cold]
    pub(super) fn take(&self, needed: usize) -> Option<usize> {
        let wanted = needed.max(self.lot);
        let rest = |free: usize| (free >= needed).then(|| free - wanted.min(free));
        self.free.0.fetch_update(Relaxed, Relaxed, rest).ok().map(|free| wanted.min(free))
    }

    /// Takes what is needed and no more. False if there is not enough.
    #[cold]
    pub(super) fn take_exactly(&self, needed: usize) -> bool {
        self.free.0.fetch_update(Relaxed, Relaxed, |free| free.checked_sub(needed)).is_ok()
    }

    pub(super) fn give_back(&self, amount: usize) {
        self.free.0.fetch_add(amount, Relaxed);
    }

    /// Whether more than half is in use.
    pub(super) fn is_short(&self) -> bool {
        self.free.0.load(Relaxed) < self.max / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_in_lots_and_to_the_last_bit() {
        let room = Room::new(100, 2, 1_000);
        assert_eq!(room.take(1), Some(6));
        assert_eq!(room.take(90), Some(90));
        assert!(room.is_short());
        assert_eq!(room.take(5), None);
        assert_eq!(room.take(3), Some(4));
        assert_eq!(room.take(1), None);
        room.give_back(100);
        assert!(!room.is_short());
    }
}
