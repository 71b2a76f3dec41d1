//! Events, and what belongs to spans besides attributes, as rows of columns.

use super::constants::Constants;
use crate::{
    attribute::{KeyValue, Value},
    columns::{ColumnsBuilder, Owner, join_words, kind, push_u64},
    context::SpanContext,
    event::EventData,
    scope::Origin,
    span::{AttributeSet, SpanData, TextRef, ValueRef},
};

/// OTLP's span flags: whether the next bit means anything, `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`.
const HAS_IS_REMOTE: u32 = 0x100;
/// OTLP's span flags: the parent, or the linked span, is in another process.
const IS_REMOTE: u32 = 0x200;

/// Writes rows into columns.
pub(super) struct RowWriter<'a> {
    pub(super) columns: &'a mut ColumnsBuilder,
    pub(super) constants: &'a mut Constants,
}

impl RowWriter<'_> {
    /// A row of the event table.
    pub(super) fn push_event(&mut self, event: &EventData, scope: u32) {
        let name = self.constants.push(&mut self.columns.text, &event.name);
        let severity_text = self.constants.push(&mut self.columns.text, &event.severity_text);
        let (body_type, body_value) = self.push_value(&event.body);
        self.push_attribute_set(Owner::Event, &event.attributes);
        let rows = &mut self.columns.events;
        push_u64(&mut rows.time, event.time);
        push_u64(&mut rows.observed_time, event.observed_time);
        rows.severity_number.push(u32::from(event.severity.0));
        rows.severity_text.extend_from_slice(&severity_text);
        rows.name.extend_from_slice(&name);
        rows.body_type.push(body_type);
        rows.body_value.extend_from_slice(&body_value);
        rows.trace_id.extend_from_slice(&event.trace_id.0);
        rows.span_id.extend_from_slice(&event.span_id.0);
        rows.flags.push(u32::from(event.trace_flags.0));
        rows.dropped_attributes.push(event.attributes.dropped());
        rows.scope.push(scope);
    }

    /// A row of the resource table.
    pub(super) fn push_resource(&mut self, origin: &Origin) {
        let schema_url = self.columns.push_text(origin.resource.schema_url());
        self.push_attributes(Owner::Resource, origin.resource.attributes());
        self.columns.resources.schema_url.extend_from_slice(&schema_url);
        self.columns.resources.dropped_attributes.push(0);
    }

    /// A row of the scope table.
    pub(super) fn push_scope(&mut self, origin: &Origin, resource: u32) {
        let scope = &origin.scope;
        let texts = [&scope.name, &scope.version, &scope.schema_url];
        let [name, version, schema_url] = texts.map(|text| self.constants.push(&mut self.columns.text, text));
        self.push_attributes(Owner::Scope, &scope.attributes);
        let rows = &mut self.columns.scopes;
        rows.name.extend_from_slice(&name);
        rows.version.extend_from_slice(&version);
        rows.schema_url.extend_from_slice(&schema_url);
        rows.dropped_attributes.push(0);
        rows.resource.push(resource);
    }

    /// Rows of the span event table.
    pub(super) fn push_span_events(&mut self, span: &SpanData) {
        for (event, attributes) in span.events.iter() {
            let name = self.constants.push(&mut self.columns.text, &event.name);
            self.push_attributes(Owner::SpanEvent, attributes);
            let rows = &mut self.columns.span_events;
            push_u64(&mut rows.time, event.unix_nanos);
            rows.name.extend_from_slice(&name);
            rows.dropped_attributes.push(event.dropped_attributes);
        }
    }

    /// Rows of the span link table.
    pub(super) fn push_span_links(&mut self, span: &SpanData) {
        for (link, attributes) in span.links.iter() {
            let SpanContext { trace_id, span_id, trace_flags, is_remote, trace_state } = &link.context;
            let trace_state = self.columns.push_text(trace_state.as_str());
            self.push_attributes(Owner::SpanLink, attributes);
            let rows = &mut self.columns.span_links;
            rows.trace_id.extend_from_slice(&trace_id.0);
            rows.span_id.extend_from_slice(&span_id.0);
            rows.trace_state.extend_from_slice(&trace_state);
            rows.flags.push(flags(trace_flags.0, *is_remote));
            rows.dropped_attributes.push(link.dropped_attributes);
        }
    }

    #[inline]
    fn push_attributes(&mut self, owner: Owner, attributes: &[KeyValue]) {
        for attribute in attributes {
            let key = self.constants.push(&mut self.columns.text, &attribute.key);
            let (kind, value) = self.push_value(&attribute.value);
            self.columns.push_attribute_words(owner, key, kind, value);
        }
        self.columns.end_attributes(owner);
    }

    /// References and values are moved as one word: two halves that are written apart and read together at once make the
    /// processor wait.
    fn push_attribute_set(&mut self, owner: Owner, attributes: &AttributeSet) {
        for (key, value) in attributes.rows() {
            let key = self.push_text(key);
            let (kind, value) = match value {
                ValueRef::Empty => (kind::EMPTY, 0),
                ValueRef::Bool(value) => (kind::BOOL, u64::from(value)),
                ValueRef::Int(value) => (kind::INT, value as u64),
                ValueRef::Double(value) => (kind::DOUBLE, value.to_bits()),
                ValueRef::String(text) => (kind::STRING, self.push_text(text)),
                ValueRef::Nested(value) => {
                    let (kind, value) = self.columns.push_value(value);
                    (kind, join_words(value))
                }
            };
            let table = &mut self.columns.attributes[owner as usize];
            push_u64(&mut table.key, key);
            table.kind.push(kind);
            push_u64(&mut table.value, value);
        }
        self.columns.end_attributes(owner);
    }

    #[inline]
    fn push_text(&mut self, text: TextRef<'_>) -> u64 {
        match text {
            TextRef::Constant(text) => self.constants.push_constant(&mut self.columns.text, text),
            TextRef::Own(text) => join_words(self.columns.push_text(text)),
        }
    }

    #[inline]
    fn push_value(&mut self, value: &Value) -> (u8, [u32; 2]) {
        match value {
            Value::String(text) => (kind::STRING, self.constants.push(&mut self.columns.text, text)),
            other => self.columns.push_value(other),
        }
    }
}

/// OTLP's flags of a span, or of a link.
pub(super) fn flags(trace_flags: u8, is_remote: bool) -> u32 {
    u32::from(trace_flags) | HAS_IS_REMOTE | if is_remote { IS_REMOTE } else { 0 }
}
