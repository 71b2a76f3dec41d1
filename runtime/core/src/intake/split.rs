//! From spans as they were recorded to columns: the collector's part of recording.
//!
//! Design: column by column. The values of one column lie close together, and what a loop over them does is always the
//! same.

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
            Text::Own { start, len } => join_words([base + start, len]),
        }
    }
}

fn split_attributes(flat: &FlatSpans, table: &mut AttributeRows, texts: &mut Texts<'_>) {
    let rows = flat.attributes.len();
    let mut keys = more(&mut table.key, 2 * rows).chunks_exact_mut(2);
    let mut kinds = more(&mut table.kind, rows).iter_mut();
    let mut values = more(&mut table.value, 2 * rows).chunks_exact_mut(2);
    let mut first = 0;
    for span in &flat.spans {
        let end = span.attribute_end as usize;
        let own = flat.attributes.get(first..end).unwrap_or_default();
        for (((row, key), kind), value) in own.iter().zip(&mut keys).zip(&mut kinds).zip(&mut values) {
            key.copy_from_slice(&words(texts.place(row.key, span.text_start)));
            let (number, word) = split_value(row, span.text_start, flat, texts);
            *kind = number;
            value.copy_from_slice(&words(word));
        }
        first = end;
    }
    table.end.extend(flat.spans.iter().map(|span| span.attribute_end));
}

#[inline]
fn split_value(row: &Row, text_start: u32, flat: &FlatSpans, texts: &mut Texts<'_>) -> (u8, u64) {
    match row.value {
        Slot::Empty => (kind::EMPTY, 0),
        Slot::Bool(value) => (kind::BOOL, u64::from(value)),
        Slot::Int(value) => (kind::INT, value.cast_unsigned()),
        Slot::Double(value) => (kind::DOUBLE, value.to_bits()),
        Slot::Text(text) => (kind::STRING, texts.place(text, text_start)),
        Slot::Nested(at) => {
            let (kind, value) = flat.placed.get(at as usize).copied().unwrap_or((kind::EMPTY, [0, 0]));
            (kind, join_words(value))
        }
    }
}

fn split_names(spans: &[FlatSpan], rows: &mut SpanRows, texts: &mut Texts<'_>) {
    for (span, name) in spans.iter().zip(more(&mut rows.name, 2 * spans.len()).chunks_exact_mut(2)) {
        name.copy_from_slice(&words(texts.place(span.name, 0)));
    }
}

fn split_spans(spans: &[FlatSpan], rows: &mut SpanRows) {
    split_ids(spans, &mut rows.trace_id, |span| &span.trace_id);
    split_ids(spans, &mut rows.span_id, |span| &span.span_id);
    split_ids(spans, &mut rows.parent_span_id, |span| &span.parent_span_id);
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
fn split_ids<const N: usize>(spans: &[FlatSpan], column: &mut Vec<u8>, id: impl Fn(&FlatSpan) -> &[u8; N]) {
    for (span, place) in spans.iter().zip(more(column, N * spans.len()).chunks_exact_mut(N)) {
        place.copy_from_slice(id(span));
    }
}

#[inline]
fn split_words(spans: &[FlatSpan], column: &mut Vec<u32>, word: impl Fn(&FlatSpan) -> u64) {
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
