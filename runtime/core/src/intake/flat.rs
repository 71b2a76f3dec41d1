//! Spans as they were recorded, one behind the other: what the recording thread copies, and no more.
//!
//! Constraints: it is the application's thread that copies. A span is a row and its attributes are rows; both are copied
//! whole, without a look at any attribute.
//!
//! Design: texts of the span's own go into the chunk's arena in one piece. What is rare (nested values, events, links,
//! replaced values) is written into the chunk's columns at once.

use std::borrow::Cow;

use super::rows::{RowWriter, flags};
use crate::{
    attribute::Key,
    columns::{ColumnsBuilder, join_words, push_text},
    span::{AttributeSet, Row, Slot, SpanData, Text, TextRef, ValueRef},
};

/// Bytes of memory that are worth keeping for the next chunk.
const MAX_KEPT_BYTES: usize = 1 << 20;

/// A span without its attributes. References into the arena are both words of them.
#[derive(Clone, Copy)]
pub(super) struct FlatSpan {
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
    pub(super) parent_span_id: [u8; 8],
    pub(super) trace_state: u64,
    pub(super) name: Text,
    pub(super) start_time: u64,
    pub(super) end_time: u64,
    pub(super) status_message: u64,
    pub(super) flags: u32,
    pub(super) dropped_attributes: u32,
    pub(super) dropped_events: u32,
    pub(super) dropped_links: u32,
    pub(super) scope: u32,
    /// Prefix sums.
    pub(super) attribute_end: u32,
    pub(super) event_end: u32,
    pub(super) link_end: u32,
    /// Where in the arena the text of its attributes begins.
    pub(super) text_start: u32,
    pub(super) kind: u8,
    pub(super) status_code: u8,
}

/// Spans and their attributes.
#[derive(Default)]
pub(super) struct FlatSpans {
    pub(super) spans: Vec<FlatSpan>,
    pub(super) attributes: Vec<Row>,
    /// Type and words of values that are in the columns already.
    pub(super) placed: Vec<(u8, [u32; 2])>,
}

impl FlatSpans {
    /// Copies a span.
    #[inline]
    pub(super) fn push(&mut self, span: &SpanData, scope: u32, writer: &mut RowWriter<'_>) {
        let columns = &mut *writer.columns;
        let trace_state = join_words(columns.push_text(span.context.trace_state.as_str()));
        let name = keep_name(columns, &span.name);
        let status_message = join_words(columns.push_text(span.status.description()));
        let text_start = self.push_attributes(&span.attributes, columns);
        if !span.events.is_empty() {
            writer.push_span_events(span);
        }
        if !span.links.is_empty() {
            writer.push_span_links(span);
        }
        self.spans.push(FlatSpan {
            trace_id: span.context.trace_id.0,
            span_id: span.context.span_id.0,
            parent_span_id: span.parent_span_id.0,
            trace_state,
            name,
            start_time: span.start_time,
            end_time: span.end_time,
            status_message,
            flags: flags(span.context.trace_flags.0, span.parent_is_remote),
            dropped_attributes: span.attributes.dropped(),
            dropped_events: span.events.dropped(),
            dropped_links: span.links.dropped(),
            scope,
            attribute_end: self.attributes.len() as u32,
            event_end: writer.columns.span_events.dropped_attributes.len() as u32,
            link_end: writer.columns.span_links.flags.len() as u32,
            text_start,
            kind: span.kind as u8,
            status_code: span.status.code(),
        });
    }

    /// Returns where their text begins.
    #[inline]
    fn push_attributes(&mut self, set: &AttributeSet, columns: &mut ColumnsBuilder) -> u32 {
        let ((rows, text), start) = (set.kept(), columns.text.len());
        if !set.is_plain() || start + text.len() > u32::MAX as usize {
            self.place_attributes(set, columns);
            return 0;
        }
        self.attributes.extend_from_slice(rows);
        columns.text.push_str(text);
        start as u32
    }

    /// Each by itself. Their references are to the arena as a whole.
    #[cold]
    fn place_attributes(&mut self, set: &AttributeSet, columns: &mut ColumnsBuilder) {
        for row in set.kept().0 {
            let key = place_text(columns, set.text(row.key()));
            let value = match set.value(row.value()) {
                ValueRef::String(text) => Slot::Text(place_text(columns, text)),
                ValueRef::Nested(value) => {
                    self.placed.push(columns.push_value(value));
                    Slot::Nested(self.placed.len() as u32 - 1)
                }
                ValueRef::Empty | ValueRef::Bool(_) | ValueRef::Int(_) | ValueRef::Double(_) => row.value(),
            };
            self.attributes.push(Row::new(key, value));
        }
    }

    /// No spans, and memory for as many as there are here.
    pub(super) fn same_capacity(&self) -> Self {
        let (spans, attributes) = (self.spans.len(), self.attributes.len());
        Self {
            spans: Vec::with_capacity(spans),
            attributes: Vec::with_capacity(attributes),
            placed: Vec::with_capacity(self.placed.len()),
        }
    }

    /// Forgets everything; None if there was too much of it to keep the memory.
    pub(super) fn cleared(mut self) -> Option<Self> {
        let bytes = self.spans.capacity() * size_of::<FlatSpan>()
            + self.attributes.capacity() * size_of::<Row>()
            + self.placed.capacity() * size_of::<(u8, [u32; 2])>();
        self.spans.clear();
        self.attributes.clear();
        self.placed.clear();
        (bytes <= MAX_KEPT_BYTES).then_some(self)
    }
}

#[inline]
fn keep_name(columns: &mut ColumnsBuilder, name: &Key) -> Text {
    match name {
        Cow::Borrowed(name) => Text::Constant(name),
        Cow::Owned(name) => place_text(columns, TextRef::Own(name)),
    }
}

fn place_text(columns: &mut ColumnsBuilder, text: TextRef<'_>) -> Text {
    match text {
        TextRef::Constant(text) => Text::Constant(text),
        TextRef::Own(text) => {
            let [start, len] = push_text(&mut columns.text, text);
            Text::Own { start, len }
        }
    }
}
