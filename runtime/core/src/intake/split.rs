//! From spans as they were recorded to columns: the collector's part of recording.
//!
//! Design: column by column. The values of one column lie close together, and what a loop over them does is always the
//! same.

mod records;

pub(super) use records::{GROUP, Placed, reserve, split_records};

use super::{
    constants::Constants,
    flat::{FlatSpan, FlatSpans},
};
use crate::{
    columns::{AttributeRows, ColumnsBuilder, Owner, SpanRows, join_words, kind, words},
    span::{Row, Slot, Text},
};

/// Writes the spans into the columns' span table and its attributes.
pub(super) fn split(flat: &FlatSpans, columns: &mut ColumnsBuilder, constants: &mut Constants) {
    let mut texts = Texts { arena: &mut columns.text, constants };
    split_attributes(flat, &mut columns.attributes[Owner::Span as usize], &mut texts);
    split_names(&flat.spans, &mut columns.spans, &mut texts);
    split_spans(&flat.spans, &mut columns.spans);
}

/// Where texts are, and where those come that are nowhere yet.
struct Texts<'a> {
    arena: &'a mut String,
    constants: &'a mut Constants,
}

impl Texts<'_> {
    /// The reference of a text whose own start is counted from `base`.
    #[inline]
    fn place(&mut self, text: Text, base: u32) -> u64 {
        match text {
            Text::Constant(text) => self.constants.push_constant(self.arena, text),
            Text::Own { len: 0, .. } => 0,
            Text::Own { start, len } => base.checked_add(start).map_or(0, |start| join_words([start, len])),
        }
    }
}

fn split_attributes(flat: &FlatSpans, table: &mut AttributeRows, texts: &mut Texts<'_>) {
    let mut first = 0;
    let rows = flat.spans.iter().map(|span| {
        let end = span.attribute_end as usize;
        let own = flat.attributes.get(first..end).unwrap_or_default();
        first = end;
        (own, span.text_start)
    });
    split_rows(rows, flat.attributes.len(), &flat.placed, table, texts);
    table.end.extend(flat.spans.iter().map(|span| span.attribute_end));
}

/// The attributes of spans, each with where its own texts begin.
#[inline]
fn split_rows<'a>(
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

fn split_names(spans: &[FlatSpan], rows: &mut SpanRows, texts: &mut Texts<'_>) {
    for (span, name) in spans.iter().zip(more(&mut rows.name, 2 * spans.len()).chunks_exact_mut(2)) {
        name.copy_from_slice(&words(texts.place(span.name, 0)));
    }
}

fn split_spans(spans: &[FlatSpan], rows: &mut SpanRows) {
    split_ids(spans, &mut rows.trace_id, |span| span.trace_id);
    split_ids(spans, &mut rows.span_id, |span| span.span_id);
    split_ids(spans, &mut rows.parent_span_id, |span| span.parent_span_id);
    split_words(spans, &mut rows.trace_state, |span| span.trace_state);
    split_words(spans, &mut rows.start_time, |span| span.start_time);
    split_words(spans, &mut rows.end_time, |span| span.end_time);
    split_words(spans, &mut rows.status_message, |span| span.status_message);
    rows.flags.extend(spans.iter().map(|span| span.flags));
    rows.kind.extend(spans.iter().map(|span| span.kind));
    rows.status_code.extend(spans.iter().map(|span| span.status_code));
    rows.dropped_attributes.extend(spans.iter().map(|span| span.dropped_attributes));
    rows.dropped_events.extend(spans.iter().map(|span| span.dropped_events));
    rows.dropped_links.extend(spans.iter().map(|span| span.dropped_links));
    rows.scope.extend(spans.iter().map(|span| span.scope));
    rows.event_end.extend(spans.iter().map(|span| span.event_end));
    rows.link_end.extend(spans.iter().map(|span| span.link_end));
}

#[inline]
fn split_ids<T, const N: usize>(spans: &[T], column: &mut Vec<u8>, id: impl Fn(&T) -> [u8; N]) {
    for (span, place) in spans.iter().zip(more(column, N * spans.len()).chunks_exact_mut(N)) {
        place.copy_from_slice(&id(span));
    }
}

#[inline]
fn split_words<T>(spans: &[T], column: &mut Vec<u32>, mut word: impl FnMut(&T) -> u64) {
    for (span, place) in spans.iter().zip(more(column, 2 * spans.len()).chunks_exact_mut(2)) {
        place.copy_from_slice(&words(word(span)));
    }
}

/// Room for so many more, in one piece.
fn more<T: Copy + Default>(column: &mut Vec<T>, count: usize) -> &mut [T] {
    let start = column.len();
    column.reserve_exact(count);
    column.resize(start + count, T::default());
    column.split_at_mut(start).1
}
