//! Spans that were copied as they are.

use super::column::{Texts, more, split_ids, split_rows, split_words};
use crate::{
    columns::{AttributeRows, ColumnsBuilder, Owner, SpanRows, words},
    intake::{
        constants::Constants,
        flat::{FlatSpan, FlatSpans},
    },
};

/// Writes the spans into the columns' span table and its attributes.
pub(in crate::intake) fn split(flat: &FlatSpans, columns: &mut ColumnsBuilder, constants: &mut Constants) {
    let mut texts = Texts { arena: &mut columns.text, constants };
    split_attributes(flat, &mut columns.attributes[Owner::Span as usize], &mut texts);
    split_names(&flat.spans, &mut columns.spans, &mut texts);
    split_spans(&flat.spans, &mut columns.spans);
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
