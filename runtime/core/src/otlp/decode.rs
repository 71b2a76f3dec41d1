//! Bytes to columns, without anything in between.
//!
//! The bytes were scanned, so nothing can go wrong here: what the scan refused never comes. If it came nevertheless, the
//! row would be cut short, never a panic.

use super::arena::Arena;
use super::index::Index;
use super::visit::{Attribute, Event, MAX_DEPTH, Resource, Scope, Span, SpanEvent, SpanLink, Visit, Words};
use super::walk::{walk_event, walk_resource_field, walk_scope_field, walk_span};
use super::wire::{Message, Read, Reader, What};
use crate::columns::{Columns, ColumnsBuilder, Counts, Owner, push_u64};
use crate::signal::Signal;

/// The rows of a scanned request as columns.
pub(super) fn decode(signal: Signal, bytes: &[u8], index: &Index) -> Columns {
    let counts = Counts { text: 0, ..index.counts };
    let text = Arena::with_capacity(index.counts.text as usize);
    let mut decoder = Decoder { columns: ColumnsBuilder::with_capacity(&counts), text };
    let (mut scopes, mut resources) = (0, 0);
    for row in &index.rows {
        while scopes <= row.scope as usize {
            let resource = index.scopes.get(scopes).map_or(0, |scope| scope.resource);
            while resources <= resource as usize {
                decoder.resource(bytes, index, resources);
                resources += 1;
            }
            decoder.scope(bytes, index, scopes, resource);
            scopes += 1;
        }
        let (start, end) = (row.body.start as usize, row.body.end as usize);
        match signal {
            Signal::Spans | Signal::StartedSpans => {
                let span = walk_span(Reader::new(bytes, start, end, Message::Span), &mut decoder);
                decoder.span(&scanned(span), row.scope);
            }
            Signal::Events => {
                let event = walk_event(Reader::new(bytes, start, end, Message::LogRecord), &mut decoder);
                decoder.event(&scanned(event), row.scope);
            }
        }
    }
    decoder.finish()
}

fn scanned<T: Default>(read: Read<T>) -> T {
    debug_assert!(read.is_ok(), "the scan let a malformed message through");
    read.unwrap_or_default()
}

struct Decoder {
    columns: ColumnsBuilder,
    /// Each text was checked by the scan; together they are made a string at the end.
    text: Arena,
}

impl Decoder {
    fn finish(mut self) -> Columns {
        self.columns.text = String::from_utf8(self.text.into_bytes()).unwrap_or_else(|error| {
            debug_assert!(false, "the scan let a string through that is not UTF-8");
            // Every offset stays where it was.
            error.into_bytes().iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect()
        });
        self.columns.freeze()
    }

    fn resource(&mut self, bytes: &[u8], index: &Index, resource: usize) {
        let mut row = Resource::default();
        for field in index.fields_of_resource(resource) {
            let mut r = Reader::new(bytes, field.start as usize, field.end as usize, Message::Resource);
            while let Ok(Some(tag)) = r.tag() {
                scanned(walk_resource_field(&mut r, tag, self, &mut row));
            }
        }
        let rows = &mut self.columns.resources;
        rows.schema_url.extend_from_slice(&row.schema_url);
        rows.dropped_attributes.push(row.dropped_attributes);
        self.columns.end_attributes(Owner::Resource);
    }

    fn scope(&mut self, bytes: &[u8], index: &Index, scope: usize, resource: u32) {
        let mut row = Scope::default();
        for field in index.fields_of_scope(scope) {
            let mut r = Reader::new(bytes, field.start as usize, field.end as usize, Message::Scope);
            while let Ok(Some(tag)) = r.tag() {
                scanned(walk_scope_field(&mut r, tag, self, &mut row));
            }
        }
        let rows = &mut self.columns.scopes;
        rows.name.extend_from_slice(&row.name);
        rows.version.extend_from_slice(&row.version);
        rows.schema_url.extend_from_slice(&row.schema_url);
        rows.dropped_attributes.push(row.dropped_attributes);
        rows.resource.push(resource);
        self.columns.end_attributes(Owner::Scope);
    }

    fn span(&mut self, span: &Span<'_>, scope: u32) {
        let rows = &mut self.columns.spans;
        rows.trace_id.extend_from_slice(&id::<16>(span.trace_id));
        rows.span_id.extend_from_slice(&id::<8>(span.span_id));
        rows.parent_span_id.extend_from_slice(&id::<8>(span.parent_span_id));
        rows.trace_state.extend_from_slice(&span.trace_state);
        rows.flags.push(span.flags);
        rows.name.extend_from_slice(&span.name);
        rows.kind.push(span.kind);
        push_u64(&mut rows.start_time, span.start_time);
        push_u64(&mut rows.end_time, span.end_time);
        let status = span.status.unwrap_or_default();
        rows.status_code.push(status.code);
        rows.status_message.extend_from_slice(&status.message);
        rows.dropped_attributes.push(span.dropped_attributes);
        rows.dropped_events.push(span.dropped_events);
        rows.dropped_links.push(span.dropped_links);
        rows.scope.push(scope);
        rows.event_end.push(self.columns.span_events.dropped_attributes.len() as u32);
        rows.link_end.push(self.columns.span_links.flags.len() as u32);
        self.columns.end_attributes(Owner::Span);
    }

    fn event(&mut self, event: &Event<'_>, scope: u32) {
        let rows = &mut self.columns.events;
        push_u64(&mut rows.time, event.time);
        push_u64(&mut rows.observed_time, event.observed_time);
        rows.severity_number.push(event.severity_number);
        rows.severity_text.extend_from_slice(&event.severity_text);
        rows.name.extend_from_slice(&event.name);
        let (kind, value) = event.body.unwrap_or_default();
        rows.body_type.push(kind);
        rows.body_value.extend_from_slice(&value);
        rows.trace_id.extend_from_slice(&id::<16>(event.trace_id));
        rows.span_id.extend_from_slice(&id::<8>(event.span_id));
        rows.flags.push(event.flags);
        rows.dropped_attributes.push(event.dropped_attributes);
        rows.scope.push(scope);
        self.columns.end_attributes(Owner::Event);
    }
}

/// An id of the right length, zero if there is none.
fn id<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

impl Visit for Decoder {
    fn max_depth(&self) -> u32 {
        MAX_DEPTH
    }

    #[inline]
    fn text(&mut self, bytes: &[u8], length: usize) -> Result<Words, What> {
        Ok(self.text.push(bytes, length))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Words {
        self.columns.push_bytes(bytes)
    }

    fn reserve_nested(&mut self, rows: usize) -> u32 {
        self.columns.reserve_nested(rows)
    }

    fn nested(&mut self, row: usize, attribute: Attribute) {
        self.columns.set_nested(row, attribute.key, attribute.kind, attribute.value);
    }

    #[inline]
    fn attribute(&mut self, owner: Owner, attribute: Attribute) {
        self.columns.push_attribute_words(owner, attribute.key, attribute.kind, attribute.value);
    }

    fn span_event(&mut self, event: SpanEvent) {
        let rows = &mut self.columns.span_events;
        push_u64(&mut rows.time, event.time);
        rows.name.extend_from_slice(&event.name);
        rows.dropped_attributes.push(event.dropped_attributes);
        self.columns.end_attributes(Owner::SpanEvent);
    }

    fn span_link(&mut self, link: SpanLink<'_>) {
        let rows = &mut self.columns.span_links;
        rows.trace_id.extend_from_slice(&id::<16>(link.trace_id));
        rows.span_id.extend_from_slice(&id::<8>(link.span_id));
        rows.trace_state.extend_from_slice(&link.trace_state);
        rows.flags.push(link.flags);
        rows.dropped_attributes.push(link.dropped_attributes);
        self.columns.end_attributes(Owner::SpanLink);
    }
}
