//! A batch made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Event, Link, Span, Value};
use crate::columns::{AttributeTable, Column, Columns, Owner};
use crate::{Batch, BatchId};

/// What a native batch answers with.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The batch's id.
    pub id: BatchId,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Number of rows.
    pub rows: u32,
    /// By lower-case name.
    pub metadata: BTreeMap<String, String>,
    /// The columns.
    pub columns: Columns,
    /// What `otlp` answers. It is not made from the columns.
    pub otlp: Vec<u8>,
    /// What `otlp_json` answers. It is not made from the columns.
    pub otlp_json: String,
}

impl Default for Fixture {
    fn default() -> Self {
        Self {
            id: BatchId([0xb; 16]),
            attempt: 1,
            rows: 0,
            metadata: BTreeMap::new(),
            columns: Columns::default(),
            otlp: Vec::new(),
            otlp_json: String::new(),
        }
    }
}

impl From<Fixture> for Batch {
    fn from(fixture: Fixture) -> Self {
        Self::new(fixture)
    }
}

/// Writes rows into columns. Start with `resource`, then `scope`, then rows; go back for another of each.
#[derive(Default)]
pub struct BatchBuilder {
    fixture: Fixture,
    text: String,
    schema_urls: [String; 2],
}

fn push<T: Clone>(column: &mut Column<T>, values: impl IntoIterator<Item = T>) {
    Arc::make_mut(column).extend(values);
}

fn words(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

impl BatchBuilder {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Schema URLs of the resources and scopes that follow; without this they have none.
    pub fn schema_urls(mut self, resource: &str, scope: &str) -> Self {
        self.schema_urls = [resource, scope].map(str::to_owned);
        self
    }

    /// What follows belongs to a resource with these attributes, in a scope without a name until `scope` says another.
    pub fn resource(mut self, attributes: &[(&str, Value)]) -> Self {
        let schema_url = self.reference(&self.schema_urls[0].clone());
        let shared = &mut self.fixture.columns.shared;
        push(&mut shared.resource_schema_urls, schema_url);
        push(&mut shared.resource_dropped_attributes, [0]);
        self.attributes(Owner::Resource, attributes);
        self.scope("", "", &[])
    }

    /// What follows belongs to a scope with this name, version and attributes.
    pub fn scope(mut self, name: &str, version: &str, attributes: &[(&str, Value)]) -> Self {
        let (name, version) = (self.reference(name), self.reference(version));
        let schema_url = self.reference(&self.schema_urls[1].clone());
        let shared = &mut self.fixture.columns.shared;
        let resource = (shared.resource_schema_urls.len() / 2).saturating_sub(1) as u32;
        push(&mut shared.scope_names, name);
        push(&mut shared.scope_versions, version);
        push(&mut shared.scope_schema_urls, schema_url);
        push(&mut shared.scope_dropped_attributes, [0]);
        push(&mut shared.scope_resources, [resource]);
        self.attributes(Owner::Scope, attributes);
        self
    }

    /// Adds a span.
    pub fn span(mut self, span: Span) -> Self {
        let scope = self.last_scope();
        let [name, trace_state, status_message] =
            [&span.name, &span.trace_state, &span.status_message].map(|text| self.reference(text));
        span.events.iter().for_each(|event| self.span_event(event));
        span.links.iter().for_each(|link| self.link(link));
        let spans = &mut self.fixture.columns.spans;
        push(&mut spans.trace_ids, span.trace_id.0);
        push(&mut spans.span_ids, span.span_id.0);
        push(&mut spans.parent_span_ids, span.parent_span_id.0);
        push(&mut spans.trace_states, trace_state);
        push(&mut spans.flags, [span.flags]);
        push(&mut spans.names, name);
        push(&mut spans.kinds, [span.kind.number()]);
        push(&mut spans.start_times, words(span.start_time));
        push(&mut spans.end_times, words(span.end_time));
        push(&mut spans.status_codes, [span.status_code.number()]);
        push(&mut spans.status_messages, status_message);
        push(&mut spans.dropped_attributes, [span.dropped_attributes]);
        push(&mut spans.dropped_events, [span.dropped_events]);
        push(&mut spans.dropped_links, [span.dropped_links]);
        push(&mut spans.scopes, [scope]);
        let ends = [spans.event_names.len() as u32 / 2, spans.link_flags.len() as u32];
        push(&mut spans.event_ends, [ends[0]]);
        push(&mut spans.link_ends, [ends[1]]);
        self.attributes(Owner::Span, &span.attributes);
        self.fixture.rows += 1;
        self
    }

    fn span_event(&mut self, event: &Event) {
        let name = self.reference(&event.name);
        let spans = &mut self.fixture.columns.spans;
        push(&mut spans.event_times, words(event.time));
        push(&mut spans.event_names, name);
        push(&mut spans.event_dropped_attributes, [event.dropped_attributes]);
        self.attributes(Owner::SpanEvent, &event.attributes);
    }

    fn link(&mut self, link: &Link) {
        let trace_state = self.reference(&link.trace_state);
        let spans = &mut self.fixture.columns.spans;
        push(&mut spans.link_trace_ids, link.trace_id.0);
        push(&mut spans.link_span_ids, link.span_id.0);
        push(&mut spans.link_trace_states, trace_state);
        push(&mut spans.link_flags, [link.flags]);
        push(&mut spans.link_dropped_attributes, [link.dropped_attributes]);
        self.attributes(Owner::SpanLink, &link.attributes);
    }

    /// Adds an event of the events signal.
    pub fn event(mut self, event: Event) -> Self {
        let scope = self.last_scope();
        let (name, severity_text) = (self.reference(&event.name), self.reference(&event.severity_text));
        let body = self.value(&event.body);
        let events = &mut self.fixture.columns.events;
        push(&mut events.times, words(event.time));
        push(&mut events.observed_times, words(event.observed_time));
        push(&mut events.severity_numbers, [event.severity_number]);
        push(&mut events.severity_texts, severity_text);
        push(&mut events.names, name);
        push(&mut events.body_types, [event.body.number()]);
        push(&mut events.body_values, body);
        push(&mut events.trace_ids, event.trace_id.0);
        push(&mut events.span_ids, event.span_id.0);
        push(&mut events.flags, [event.flags]);
        push(&mut events.dropped_attributes, [event.dropped_attributes]);
        push(&mut events.scopes, [scope]);
        self.attributes(Owner::Event, &event.attributes);
        self.fixture.rows += 1;
        self
    }

    /// A request header of the sender that travels with the batch.
    pub fn metadata(mut self, key: &str, value: &str) -> Self {
        self.fixture.metadata.insert(key.to_owned(), value.to_owned());
        self
    }

    /// What `otlp` answers.
    pub fn otlp(mut self, bytes: &[u8]) -> Self {
        self.fixture.otlp = bytes.to_owned();
        self
    }

    /// What `otlp_json` answers.
    pub fn otlp_json(mut self, text: &str) -> Self {
        self.fixture.otlp_json = text.to_owned();
        self
    }

    /// The batch.
    pub fn build(mut self) -> Batch {
        self.fixture.columns.text = Arc::new(self.text);
        Batch::new(self.fixture)
    }

    fn last_scope(&self) -> u32 {
        let scopes = self.fixture.columns.shared.scope_dropped_attributes.len();
        assert!(scopes > 0, "a row needs a resource before it");
        scopes as u32 - 1
    }

    fn reference(&mut self, text: &str) -> [u32; 2] {
        let offset = self.text.len() as u32;
        self.text.push_str(text);
        [offset, text.len() as u32]
    }

    fn attributes<K: AsRef<str>>(&mut self, owner: Owner, attributes: &[(K, Value)]) {
        for (key, value) in attributes {
            let (key, words) = (self.reference(key.as_ref()), self.value(value));
            let table = self.table(owner);
            push(&mut table.keys, key);
            push(&mut table.types, [value.number()]);
            push(&mut table.values, words);
        }
        let table = self.table(owner);
        let end = table.types.len() as u32;
        push(&mut table.ends, [end]);
    }

    fn table(&mut self, owner: Owner) -> &mut AttributeTable {
        &mut self.fixture.columns.attributes[owner as usize]
    }

    fn value(&mut self, value: &Value) -> [u32; 2] {
        match value {
            Value::Empty => [0, 0],
            Value::String(text) => self.reference(text),
            Value::Bool(truth) => words((*truth).into()),
            Value::Int(number) => words(*number as u64),
            Value::Double(number) => words(number.to_bits()),
            Value::Bytes(bytes) => {
                let arena = &mut self.fixture.columns.shared.bytes;
                let offset = arena.len() as u32;
                push(arena, bytes.iter().copied());
                [offset, bytes.len() as u32]
            }
            Value::Array(items) => self.nested(items.iter().map(|item| ("", item)).collect()),
            Value::KeyValues(members) => self.nested(members.iter().map(|(key, item)| (&**key, item)).collect()),
        }
    }

    /// The elements of one value are neighbours: those inside them come first.
    fn nested(&mut self, items: Vec<(&str, &Value)>) -> [u32; 2] {
        let rows: Vec<_> =
            items.iter().map(|(key, item)| (self.reference(key), item.number(), self.value(item))).collect();
        let shared = &mut self.fixture.columns.shared;
        let first = shared.nested_types.len() as u32;
        for (key, kind, value) in rows {
            push(&mut shared.nested_keys, key);
            push(&mut shared.nested_types, [kind]);
            push(&mut shared.nested_values, value);
        }
        [first, items.len() as u32]
    }
}
