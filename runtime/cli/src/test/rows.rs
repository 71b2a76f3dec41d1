//! Writes rows into columns as they could come over a network: nothing is checked or cut, as recording would do.

use std::sync::Arc;

use spangate_core::{
    attribute::KeyValue,
    batch::{Batch, BatchId},
    columns::{ColumnsBuilder, Owner, push_u64},
    signal::Signal,
};

/// A row's worth of a span.
#[derive(Clone, Debug, Default)]
pub(super) struct Span {
    pub(super) id: u64,
    /// 0 for a root.
    pub(super) parent: u64,
    pub(super) trace_state: String,
    pub(super) flags: u32,
    pub(super) name: String,
    pub(super) kind: u8,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) status: (u8, String),
    pub(super) attributes: Vec<KeyValue>,
    /// Each with its attributes, at the span's start.
    pub(super) events: Vec<(String, Vec<KeyValue>)>,
    /// Each with its attributes.
    pub(super) links: Vec<Vec<KeyValue>>,
    /// Of the span's attributes, events, links, and of the attributes of each event and link.
    pub(super) dropped: u32,
}

/// A row's worth of an event.
#[derive(Clone, Debug, Default)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) time: u64,
    pub(super) severity: (u32, String),
    pub(super) body: spangate_core::attribute::Value,
    /// Of a span, 0 for none.
    pub(super) span: u64,
    pub(super) attributes: Vec<KeyValue>,
    pub(super) dropped: u32,
}

/// Rows being written. Starts with one resource and one scope in it.
#[derive(Debug)]
pub(super) struct Rows(ColumnsBuilder);

impl Rows {
    /// No rows yet; those that follow belong to this resource and scope.
    pub(super) fn of(resource: &[KeyValue], scope: (&str, &str)) -> Self {
        Self(ColumnsBuilder::default()).resource(resource, scope)
    }

    /// What follows belongs to another resource and scope.
    pub(super) fn resource(mut self, attributes: &[KeyValue], (name, version): (&str, &str)) -> Self {
        let columns = &mut self.0;
        columns.resources.schema_url.extend([0, 0]);
        columns.resources.dropped_attributes.push(0);
        put(columns, Owner::Resource, attributes);
        let [name, version] = [name, version].map(|text| columns.push_text(text));
        columns.scopes.name.extend(name);
        columns.scopes.version.extend(version);
        columns.scopes.schema_url.extend([0, 0]);
        columns.scopes.dropped_attributes.push(0);
        columns.scopes.resource.push(columns.resources.dropped_attributes.len() as u32 - 1);
        put(columns, Owner::Scope, attributes);
        self
    }

    /// Adds a span.
    pub(super) fn span(mut self, span: &Span) -> Self {
        let columns = &mut self.0;
        let scope = columns.scopes.resource.len() as u32 - 1;
        let [name, trace_state, message] =
            [&span.name, &span.trace_state, &span.status.1].map(|text| columns.push_text(text));
        for (name, attributes) in &span.events {
            let name = columns.push_text(name);
            push_u64(&mut columns.span_events.time, span.start);
            columns.span_events.name.extend(name);
            columns.span_events.dropped_attributes.push(span.dropped);
            put(columns, Owner::SpanEvent, attributes);
        }
        for attributes in &span.links {
            columns.span_links.trace_id.extend([9; 16]);
            columns.span_links.span_id.extend([8; 8]);
            columns.span_links.trace_state.extend(trace_state);
            columns.span_links.flags.push(span.flags);
            columns.span_links.dropped_attributes.push(span.dropped);
            put(columns, Owner::SpanLink, attributes);
        }
        let spans = &mut columns.spans;
        spans.trace_id.extend([0x5a; 16]);
        spans.span_id.extend(span.id.to_be_bytes());
        spans.parent_span_id.extend(span.parent.to_be_bytes());
        spans.trace_state.extend(trace_state);
        spans.flags.push(span.flags);
        spans.name.extend(name);
        spans.kind.push(span.kind);
        push_u64(&mut spans.start_time, span.start);
        push_u64(&mut spans.end_time, span.end);
        spans.status_code.push(span.status.0);
        spans.status_message.extend(message);
        spans.dropped_attributes.push(span.dropped);
        spans.dropped_events.push(span.dropped);
        spans.dropped_links.push(span.dropped);
        spans.scope.push(scope);
        spans.event_end.push(columns.span_events.dropped_attributes.len() as u32);
        spans.link_end.push(columns.span_links.dropped_attributes.len() as u32);
        put(columns, Owner::Span, &span.attributes);
        self
    }

    /// Adds an event.
    pub(super) fn event(mut self, event: &Event) -> Self {
        let columns = &mut self.0;
        let scope = columns.scopes.resource.len() as u32 - 1;
        let [name, severity] = [&event.name, &event.severity.1].map(|text| columns.push_text(text));
        let (kind, body) = columns.push_value(&event.body);
        let events = &mut columns.events;
        push_u64(&mut events.time, event.time);
        push_u64(&mut events.observed_time, event.time);
        events.severity_number.push(event.severity.0);
        events.severity_text.extend(severity);
        events.name.extend(name);
        events.body_type.push(kind);
        events.body_value.extend(body);
        events.trace_id.extend([if event.span == 0 { 0 } else { 0x5a }; 16]);
        events.span_id.extend(event.span.to_be_bytes());
        events.flags.push(u32::from(event.span != 0));
        events.dropped_attributes.push(event.dropped);
        events.scope.push(scope);
        put(columns, Owner::Event, &event.attributes);
        self
    }

    /// The batch.
    pub(super) fn batch(self, signal: Signal) -> Arc<Batch> {
        Arc::new(Batch::recorded(BatchId([7; 16]), signal, self.0.freeze(), Arc::new([])))
    }
}

/// The attributes of one owner.
fn put(columns: &mut ColumnsBuilder, owner: Owner, attributes: &[KeyValue]) {
    attributes.iter().for_each(|attribute| columns.push_attribute(owner, attribute));
    columns.end_attributes(owner);
}
