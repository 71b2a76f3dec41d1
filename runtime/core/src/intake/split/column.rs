//! One column after the other.

use crate::{
    columns::{AttributeRows, join_words, kind, words},
    intake::constants::Constants,
    span::{Row, Slot, Text},
};

/// Where texts are, and where those come that are nowhere yet.
pub(super) struct Texts<'a> {
    pub(super) arena: &'a mut String,
    pub(super) constants: &'a mut Constants,
}

impl Texts<'_> {
    /// The reference of a text whose own start is counted from `base`.
    #[inline]
    pub(super) fn place(&mut self, text: Text, base: u32) -> u64 {
        match text {
            Text::Constant(text) => self.constants.push_constant(self.arena, text),
            Text::Own { len: 0, .. } => 0,
            Text::Own { start, len } => base.checked_add(start).map_or(0, |start| join_words([start, len])),
        }
    }
}

/// The attributes of spans, each with where its own texts begin.
#[inline]
pub(super) fn split_rows<'a>(
    spans: impl Iterator<Item = (&'a [Row], u32)>,
    count: usize,
    placed: &[(u8, [u32; 2])],
    table: &mut AttributeRows,
    texts: &mut Texts<'_>,
) {
    let mut keys = pairs(more(&mut table.key, 2 * count));
    let mut kinds = more(&mut table.kind, count);
    let mut values = pairs(more(&mut table.value, 2 * count));
    for (own, text_start) in spans {
        // Pieces of one length: a loop over them needs to look at one end only.
        let Some(((own_keys, rest_keys), (own_kinds, rest_kinds))) =
            keys.split_at_mut_checked(own.len()).zip(kinds.split_at_mut_checked(own.len()))
        else {
            return;
        };
        let Some((own_values, rest_values)) = values.split_at_mut_checked(own.len()) else { return };
        for (((row, key), kind), value) in own.iter().zip(own_keys).zip(own_kinds).zip(own_values) {
            *key = words(texts.place(row.key(), text_start));
            let (number, word) = match row.number() {
                Some(number) => number,
                None => split_value(row, text_start, placed, texts),
            };
            *kind = number;
            *value = words(word);
        }
        (keys, kinds, values) = (rest_keys, rest_kinds, rest_values);
    }
}

/// The value of a row that is a text or is nested.
#[inline]
fn split_value(row: &Row, text_start: u32, placed: &[(u8, [u32; 2])], texts: &mut Texts<'_>) -> (u8, u64) {
    match row.value() {
        Slot::Text(text) => (kind::STRING, texts.place(text, text_start)),
        Slot::Nested(at) => {
            let (kind, value) = placed.get(at as usize).copied().unwrap_or((kind::EMPTY, [0, 0]));
            (kind, join_words(value))
        }
        Slot::Empty | Slot::Bool(_) | Slot::Int(_) | Slot::Double(_) => (kind::EMPTY, 0),
    }
}

/// Columns of two words by rows.
fn pairs(column: &mut [u32]) -> &mut [[u32; 2]] {
    column.as_chunks_mut().0
}

#[inline]
pub(super) fn split_ids<T, const N: usize>(spans: &[T], column: &mut Vec<u8>, id: impl Fn(&T) -> [u8; N]) {
    for (span, place) in spans.iter().zip(more(column, N * spans.len()).chunks_exact_mut(N)) {
        place.copy_from_slice(&id(span));
    }
}

#[inline]
pub(super) fn split_words<T>(spans: &[T], column: &mut Vec<u32>, mut word: impl FnMut(&T) -> u64) {
    for (span, place) in spans.iter().zip(more(column, 2 * spans.len()).chunks_exact_mut(2)) {
        place.copy_from_slice(&words(word(span)));
    }
}

/// Room for so many more, in one piece.
pub(super) fn more<T: Copy + Default>(column: &mut Vec<T>, count: usize) -> &mut [T] {
    let start = column.len();
    column.reserve_exact(count);
    column.resize(start + count, T::default());
    column.split_at_mut(start).1
}
