//! Spans that were written in words.

use super::column::{Texts, split_ids, split_rows, split_words};
use crate::{
    columns::{ColumnsBuilder, Owner, SpanRows, join_words, push_text},
    intake::{constants::Constants, lane::Record},
};

/// Stands for texts that found no room in the arena.
const NOWHERE: u32 = u32::MAX;

/// Spans that are split together: so many are in the processor's nearest cache while one column follows the other.
pub(in crate::intake) const GROUP: usize = 32;

/// A span whose own texts are in the arena.
pub(in crate::intake) struct Placed<'a> {
    record: Record<'a>,
    scope: u32,
    text_start: u32,
}

impl<'a> Placed<'a> {
    #[inline]
    pub(in crate::intake) fn new(record: Record<'a>, scope: u32, arena: &mut String) -> Self {
        let text_start = match record.texts() {
            "" => 0,
            texts => match push_text(arena, texts) {
                [_, 0] => NOWHERE,
                [start, _] => start,
            },
        };
        Self { record, scope, text_start }
    }

    /// The reference of a text of its own, that begins behind so many bytes of them.
    #[inline]
    fn text(&self, behind: u32, len: u32) -> u64 {
        if len == 0 || self.text_start == NOWHERE { 0 } else { join_words([self.text_start + behind, len]) }
    }

    #[inline]
    fn trace_state(&self) -> u64 {
        let [name, trace_state, _] = self.record.text_lengths();
        self.text(name, trace_state)
    }

    #[inline]
    fn status_message(&self) -> u64 {
        let [name, trace_state, message] = self.record.text_lengths();
        self.text(name + trace_state, message)
    }

    /// Where the texts of attributes begin.
    #[inline]
    fn attribute_text_start(&self) -> u32 {
        if self.text_start == NOWHERE {
            return NOWHERE;
        }
        self.text_start + self.record.text_lengths().iter().sum::<u32>()
    }
}

/// Makes room for so many spans and attributes.
pub(in crate::intake) fn reserve(spans: usize, attributes: usize, columns: &mut ColumnsBuilder) {
    let table = &mut columns.attributes[Owner::Span as usize];
    table.end.reserve_exact(spans);
    table.key.reserve_exact(2 * attributes);
    table.kind.reserve_exact(attributes);
    table.value.reserve_exact(2 * attributes);
    columns.spans.reserve(spans);
}

/// Writes a group of spans into the columns' span table and its attributes.
pub(in crate::intake) fn split_records(group: &[Placed<'_>], columns: &mut ColumnsBuilder, constants: &mut Constants) {
    let mut texts = Texts { arena: &mut columns.text, constants };
    let table = &mut columns.attributes[Owner::Span as usize];
    let before = table.kind.len();
    let mut end = before;
    table.end.extend(group.iter().map(|span| {
        end += span.record.attributes().len();
        end as u32
    }));
    let attributes = group.iter().map(|span| (span.record.attributes(), span.attribute_text_start()));
    split_rows(attributes, end - before, &[], table, &mut texts);
    let rows = &mut columns.spans;
    split_words(group, &mut rows.name, |span| texts.place(span.record.name(), span.text_start));
    split_fields(group, rows);
}

fn split_fields(spans: &[Placed<'_>], rows: &mut SpanRows) {
    split_ids(spans, &mut rows.trace_id, |span| span.record.trace_id());
    split_ids(spans, &mut rows.span_id, |span| span.record.span_id());
    split_ids(spans, &mut rows.parent_span_id, |span| span.record.parent_span_id());
    split_words(spans, &mut rows.trace_state, Placed::trace_state);
    split_words(spans, &mut rows.start_time, |span| span.record.start_time());
    split_words(spans, &mut rows.end_time, |span| span.record.end_time());
    split_words(spans, &mut rows.status_message, Placed::status_message);
    rows.flags.extend(spans.iter().map(|span| span.record.flags()));
    rows.kind.extend(spans.iter().map(|span| span.record.kind()));
    rows.status_code.extend(spans.iter().map(|span| span.record.status_code()));
    rows.dropped_attributes.extend(spans.iter().map(|span| span.record.dropped_attributes()));
    rows.scope.extend(spans.iter().map(|span| span.scope));
    // None of them has what a row of these would be.
    for column in [&mut rows.dropped_events, &mut rows.dropped_links, &mut rows.event_end, &mut rows.link_end] {
        column.resize(column.len() + spans.len(), 0);
    }
}
