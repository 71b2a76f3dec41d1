//! Texts of the program that are in a chunk already.
//!
//! A constant lies at one address for as long as the program runs, so address and length tell whether two texts are the
//! same without looking at them. Most keys and many names and values are constants: they are copied once per chunk.

use std::borrow::Cow;

use crate::columns::{join_words, push_text, words};

const PLACES: usize = 128;

/// A text in the arena.
#[derive(Clone, Copy, Default)]
struct Known {
    address: usize,
    len: usize,
    /// Both words of it.
    reference: u64,
}

/// One text per place: a newer one takes the place of an older one, which is then copied again.
pub(crate) struct Constants {
    places: [Known; PLACES],
}

impl Default for Constants {
    fn default() -> Self {
        Self { places: [Known::default(); PLACES] }
    }
}

impl Constants {
    /// The reference of a text, which is copied unless it is a constant that is there.
    #[inline]
    #[expect(clippy::ptr_arg, reason = "whether it is borrowed is the question")]
    pub(super) fn push(&mut self, arena: &mut String, text: &Cow<'static, str>) -> [u32; 2] {
        match text {
            Cow::Borrowed(text) => words(self.push_constant(arena, text)),
            Cow::Owned(text) => push_text(arena, text),
        }
    }

    /// The reference of a constant, which is copied unless it is there.
    #[inline]
    pub(crate) fn push_constant(&mut self, arena: &mut String, text: &'static str) -> u64 {
        let (address, len) = (text.as_ptr().addr(), text.len());
        let place = &mut self.places[(address ^ address >> 7 ^ len << 3) % PLACES];
        if place.address != address || place.len != len {
            *place = Known { address, len, reference: join_words(push_text(arena, text)) };
        }
        place.reference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_copied_once_and_a_part_of_it_is_another_text() {
        const TEXT: &str = "http.request.method";
        let (mut constants, mut arena) = (Constants::default(), String::new());
        let mut push = |text: Cow<'static, str>| {
            let [start, len] = constants.push(&mut arena, &text).map(|word| word as usize);
            arena[start..start + len].to_owned()
        };
        for text in [TEXT, TEXT, &TEXT[..4], &TEXT[5..], "", TEXT] {
            assert_eq!(push(Cow::Borrowed(text)), text);
            assert_eq!(push(Cow::Owned(text.to_owned())), text);
        }
        let mut fresh = (Constants::default(), String::new());
        fresh.0.push(&mut fresh.1, &Cow::Borrowed(TEXT));
        fresh.0.push(&mut fresh.1, &Cow::Borrowed(TEXT));
        assert_eq!(fresh.1, TEXT);
    }
}
