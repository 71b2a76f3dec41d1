//! The visitor that only counts.

use super::ids::{InvalidId, check_optional};
use super::visit::{Attribute, MAX_DEPTH, SpanEvent, SpanLink, Visit, Words};
use super::wire::What;
use crate::columns::{Counts, Owner};

/// Counts what a decoder would write. A reference it returns has the right length and no place.
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// Why a link of the current span is invalid.
    pub(super) invalid_link: Option<InvalidId>,
    max_depth: u32,
}

impl Tally {
    pub(super) fn new(max_depth: u32) -> Self {
        Self { counts: Counts::default(), invalid_link: None, max_depth: max_depth.min(MAX_DEPTH) }
    }
}

impl Visit for Tally {
    fn max_depth(&self) -> u32 {
        self.max_depth
    }

    #[inline]
    fn text(&mut self, bytes: &[u8], length: usize) -> Result<Words, What> {
        let text = bytes.get(..length).unwrap_or_default();
        if !is_ascii(text) && std::str::from_utf8(text).is_err() {
            return Err(What::Utf8);
        }
        self.counts.text += text.len() as u32;
        Ok([0, text.len() as u32])
    }

    fn bytes(&mut self, bytes: &[u8]) -> Words {
        self.counts.bytes += bytes.len() as u32;
        [0, bytes.len() as u32]
    }

    fn reserve_nested(&mut self, rows: usize) -> u32 {
        self.counts.nested += rows as u32;
        0
    }

    fn nested(&mut self, _: usize, _: Attribute) {}

    #[inline]
    fn attribute(&mut self, owner: Owner, _: Attribute) {
        self.counts.attributes[owner as usize] += 1;
    }

    fn span_event(&mut self, _: SpanEvent) {
        self.counts.span_events += 1;
    }

    fn span_link(&mut self, link: SpanLink<'_>) {
        self.counts.span_links += 1;
        if self.invalid_link.is_none() {
            self.invalid_link = check_optional("trace_id of a link", link.trace_id, 16)
                .and_then(|()| check_optional("span_id of a link", link.span_id, 8))
                .err();
        }
    }
}

/// In steps of eight, the last of which may look at some bytes again: most texts are short.
#[inline]
fn is_ascii(text: &[u8]) -> bool {
    const HIGH_BITS: u64 = u64::MAX / 255 * 0x80;
    let Some(last) = text.last_chunk::<8>() else {
        return text.iter().fold(0, |all, byte| all | byte) < 0x80;
    };
    let words = text.as_chunks::<8>().0.iter().fold(0, |all, word| all | u64::from_ne_bytes(*word));
    (words | u64::from_ne_bytes(*last)) & HIGH_BITS == 0
}
