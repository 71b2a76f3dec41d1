//! Where a decoder puts texts: one behind the other.
//!
//! Most texts are short, and a call that copies a few bytes costs more than the bytes. So a step copies 32 at once where
//! there are so many to read and to write; what was too much is written over by the next text.

use super::visit::Words;

/// Bytes copied in a step.
const STEP: usize = 32;

/// Texts, and zeros behind them.
pub(super) struct Arena {
    bytes: Vec<u8>,
    used: usize,
}

impl Arena {
    /// For texts of so many bytes; more than that is room for, too.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: vec![0; bytes.saturating_add(STEP)], used: 0 }
    }

    /// Adds the text that the first `length` of `bytes` are, all of them if there are fewer; the empty text is at 0.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8], length: usize) -> Words {
        let (start, length) = (self.used, length.min(bytes.len()));
        match (bytes.first_chunk::<STEP>(), self.bytes.get_mut(start..start + STEP)) {
            (Some(from), Some(to)) if length <= STEP => to.copy_from_slice(from),
            _ => self.push_long(&bytes[..length]),
        }
        if length == 0 {
            return [0, 0];
        }
        self.used = start + length;
        [start as u32, length as u32]
    }

    /// Copies to where the texts end.
    fn push_long(&mut self, text: &[u8]) {
        let end = self.used + text.len();
        if end > self.bytes.len() {
            self.bytes.resize(end.saturating_mul(2).saturating_add(STEP), 0);
        }
        self.bytes[self.used..end].copy_from_slice(text);
    }

    /// The texts alone.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.used);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_one_behind_the_other_whatever_was_copied_with_them() {
        let source: Vec<u8> = (0..=255).collect();
        for capacity in [0, 40, 100_000] {
            let (mut arena, mut expected) = (Arena::with_capacity(capacity), Vec::new());
            for length in (0..100).chain((0..100).rev()) {
                let place = if length == 0 { [0, 0] } else { [expected.len() as u32, length as u32] };
                assert_eq!(arena.push(&source[length..length * 2 + length % 40], length), place);
                expected.extend_from_slice(&source[length..length * 2]);
            }
            assert_eq!(arena.into_bytes(), expected);
        }
    }
}
