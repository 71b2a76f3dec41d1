//! Columns to bytes, written once from the end, without anything in between.
//!
//! Rows are grouped by scope and resource in the order of their tables. Default values are omitted as proto3 does; a
//! value that is set and empty, an attribute's or an array element's, is kept.

use bytes::Bytes;

use super::back_writer::BackWriter;
use super::fields::{any_value, elements, key_value, log_record, request, resource, resource_rows, scope, scope_rows};
use super::fields::{span, span_event, span_link, status};
use super::visit::MAX_DEPTH;
use crate::columns::{AttributeRow, Columns, Groups, Owner, id_at, join_words, kind, owned, pair, u64_at};
use crate::signal::Signal;

/// The rows as ExportTraceServiceRequest or, for events, ExportLogsServiceRequest.
pub fn encode(signal: Signal, columns: &Columns) -> Bytes {
    let scope_of_row = match signal {
        Signal::Spans | Signal::StartedSpans => &columns.spans.scope,
        Signal::Events => &columns.events.scope,
    };
    let groups = Groups::new(columns, scope_of_row);
    let text = columns.text.as_bytes();
    let mut encoder = Encoder { columns, text, out: BackWriter::with_capacity(estimate(columns)) };
    encoder.groups(&groups, |encoder, row| match signal {
        Signal::Spans | Signal::StartedSpans => encoder.span(row),
        Signal::Events => encoder.event(row),
    });
    encoder.out.finish()
}

/// About what the rows take: a span without texts 76 bytes, an attribute 12. Too little costs a copy, too much memory.
pub(super) fn estimate(columns: &Columns) -> usize {
    let attributes: usize = columns.attributes.iter().map(|table| table.kind.len()).sum();
    let rows = columns.span_count() + columns.event_count();
    let inner = columns.span_events.dropped_attributes.len() + columns.span_links.flags.len();
    let groups = columns.scopes.resource.len() + columns.resources.dropped_attributes.len();
    columns.text.len()
        + columns.bytes.len()
        + 76 * rows
        + 40 * inner
        + 16 * groups
        + 12 * (attributes + columns.nested.kind.len())
}

/// Writes rows, and what is around them.
pub(super) struct Encoder<'a> {
    pub(super) columns: &'a Columns,
    pub(super) text: &'a [u8],
    pub(super) out: BackWriter,
}

impl Encoder<'_> {
    /// Everything; `row` writes one row.
    pub(super) fn groups(&mut self, groups: &Groups, mut row: impl FnMut(&mut Self, usize)) {
        for resource in groups.resources().rev() {
            let written = self.out.written();
            self.text(resource_rows::SCHEMA_URL, &self.columns.resources.schema_url, resource);
            for scope in groups.scopes(resource).iter().rev() {
                self.scope(*scope as usize, groups.rows(*scope), &mut row);
            }
            self.resource(resource);
            self.out.close(request::RESOURCES, written);
        }
    }

    fn resource(&mut self, row: usize) {
        let written = self.out.written();
        self.count(resource::DROPPED_ATTRIBUTES, &self.columns.resources.dropped_attributes, row);
        self.attributes(resource::ATTRIBUTES, Owner::Resource, row);
        if self.out.written() > written {
            self.out.close(resource_rows::RESOURCE, written);
        }
    }

    fn scope(&mut self, row: usize, rows: &[u32], write: &mut impl FnMut(&mut Self, usize)) {
        let table = &self.columns.scopes;
        let start = self.out.written();
        self.text(scope_rows::SCHEMA_URL, &table.schema_url, row);
        rows.iter().rev().for_each(|row| write(self, *row as usize));
        let written = self.out.written();
        self.count(scope::DROPPED_ATTRIBUTES, &table.dropped_attributes, row);
        self.attributes(scope::ATTRIBUTES, Owner::Scope, row);
        self.text(scope::VERSION, &table.version, row);
        self.text(scope::NAME, &table.name, row);
        if self.out.written() > written {
            self.out.close(scope_rows::SCOPE, written);
        }
        self.out.close(resource_rows::SCOPES, start);
    }

    fn span(&mut self, row: usize) {
        let table = &self.columns.spans;
        let start = self.out.written();
        self.out.some_fixed32(span::FLAGS, word(&table.flags, row));
        let written = self.out.written();
        self.out.some_varint(status::CODE, byte(&table.status_code, row));
        self.text(status::MESSAGE, &table.status_message, row);
        if self.out.written() > written {
            self.out.close(span::STATUS, written);
        }
        self.count(span::DROPPED_LINKS, &table.dropped_links, row);
        owned(&table.link_end, row).rev().for_each(|link| self.span_link(link));
        self.count(span::DROPPED_EVENTS, &table.dropped_events, row);
        owned(&table.event_end, row).rev().for_each(|event| self.span_event(event));
        self.count(span::DROPPED_ATTRIBUTES, &table.dropped_attributes, row);
        self.attributes(span::ATTRIBUTES, Owner::Span, row);
        self.out.some_fixed64(span::END_TIME, u64_at(&table.end_time, row));
        self.out.some_fixed64(span::START_TIME, u64_at(&table.start_time, row));
        self.out.some_varint(span::KIND, byte(&table.kind, row));
        self.text(span::NAME, &table.name, row);
        self.out.some_id::<8>(span::PARENT_SPAN_ID, id_at(&table.parent_span_id, row));
        self.text(span::TRACE_STATE, &table.trace_state, row);
        self.out.some_id::<8>(span::SPAN_ID, id_at(&table.span_id, row));
        self.out.some_id::<16>(span::TRACE_ID, id_at(&table.trace_id, row));
        self.out.close(scope_rows::ROWS, start);
    }

    fn span_event(&mut self, row: usize) {
        let table = &self.columns.span_events;
        let written = self.out.written();
        self.count(span_event::DROPPED_ATTRIBUTES, &table.dropped_attributes, row);
        self.attributes(span_event::ATTRIBUTES, Owner::SpanEvent, row);
        self.text(span_event::NAME, &table.name, row);
        self.out.some_fixed64(span_event::TIME, u64_at(&table.time, row));
        self.out.close(span::EVENTS, written);
    }

    fn span_link(&mut self, row: usize) {
        let table = &self.columns.span_links;
        let written = self.out.written();
        self.out.some_fixed32(span_link::FLAGS, word(&table.flags, row));
        self.count(span_link::DROPPED_ATTRIBUTES, &table.dropped_attributes, row);
        self.attributes(span_link::ATTRIBUTES, Owner::SpanLink, row);
        self.text(span_link::TRACE_STATE, &table.trace_state, row);
        self.out.some_id::<8>(span_link::SPAN_ID, id_at(&table.span_id, row));
        self.out.some_id::<16>(span_link::TRACE_ID, id_at(&table.trace_id, row));
        self.out.close(span::LINKS, written);
    }

    fn event(&mut self, row: usize) {
        let table = &self.columns.events;
        let start = self.out.written();
        self.text(log_record::EVENT_NAME, &table.name, row);
        self.out.some_fixed64(log_record::OBSERVED_TIME, u64_at(&table.observed_time, row));
        self.out.some_id::<8>(log_record::SPAN_ID, id_at(&table.span_id, row));
        self.out.some_id::<16>(log_record::TRACE_ID, id_at(&table.trace_id, row));
        self.out.some_fixed32(log_record::FLAGS, word(&table.flags, row));
        self.count(log_record::DROPPED_ATTRIBUTES, &table.dropped_attributes, row);
        self.attributes(log_record::ATTRIBUTES, Owner::Event, row);
        let kind = table.body_type.get(row).copied().unwrap_or_default();
        if kind != kind::EMPTY {
            let written = self.out.written();
            self.value(kind, pair(&table.body_value, row), 0);
            self.out.close(log_record::BODY, written);
        }
        self.text(log_record::SEVERITY_TEXT, &table.severity_text, row);
        // An int32 of protobuf: negative numbers have the sign in all 64 bits.
        let severity = i64::from(word(&table.severity_number, row) as i32);
        self.out.some_varint(log_record::SEVERITY_NUMBER, severity as u64);
        self.out.some_fixed64(log_record::TIME, u64_at(&table.time, row));
        self.out.close(scope_rows::ROWS, start);
    }

    #[inline]
    fn text(&mut self, tag: u32, column: &[u32], row: usize) {
        self.out.some_part(tag, self.text, pair(column, row));
    }

    #[inline]
    fn count(&mut self, tag: u32, column: &[u32], row: usize) {
        self.out.some_varint(tag, u64::from(word(column, row)));
    }

    fn attributes(&mut self, tag: u32, owner: Owner, row: usize) {
        let table = self.columns.attributes_of(owner);
        let (keys, kinds, values) = (&table.key[..], &table.kind[..], &table.value[..]);
        for row in owned(&table.end, row).rev() {
            let kind = kinds.get(row).copied().unwrap_or_default();
            self.key_value(tag, AttributeRow { key: pair(keys, row), kind, value: pair(values, row) }, 0);
        }
    }

    #[inline]
    fn key_value(&mut self, tag: u32, attribute: AttributeRow, depth: u32) {
        let written = self.out.written();
        self.value(attribute.kind, attribute.value, depth);
        self.out.close(key_value::VALUE, written);
        self.out.some_part(key_value::KEY, self.text, attribute.key);
        self.out.close(tag, written);
    }

    /// The content of an `AnyValue`.
    #[inline]
    fn value(&mut self, kind: u8, value: [u32; 2], depth: u32) {
        match kind {
            kind::STRING => self.out.part(any_value::STRING, self.text, value),
            kind::BOOL => self.out.varint(any_value::BOOL, u64::from(value[0] != 0)),
            kind::INT => self.out.varint(any_value::INT, join_words(value)),
            kind::DOUBLE => self.out.fixed64(any_value::DOUBLE, join_words(value)),
            kind::BYTES => self.out.part(any_value::BYTES, &self.columns.bytes, value),
            kind::ARRAY | kind::KEY_VALUE_LIST if depth < MAX_DEPTH => self.elements(kind, value, depth + 1),
            _ => {}
        }
    }

    fn elements(&mut self, kind: u8, value: [u32; 2], depth: u32) {
        let start = self.out.written();
        for row in self.columns.elements(value).rev() {
            let element = self.columns.nested_row(row);
            if kind == kind::KEY_VALUE_LIST {
                self.key_value(elements::VALUES, element, depth);
            } else {
                let written = self.out.written();
                self.value(element.kind, element.value, depth);
                self.out.close(elements::VALUES, written);
            }
        }
        let tag = if kind == kind::ARRAY { any_value::ARRAY } else { any_value::KEY_VALUE_LIST };
        self.out.close(tag, start);
    }
}

#[inline]
fn word(column: &[u32], row: usize) -> u32 {
    column.get(row).copied().unwrap_or_default()
}

#[inline]
fn byte(column: &[u8], row: usize) -> u64 {
    column.get(row).copied().unwrap_or_default().into()
}
