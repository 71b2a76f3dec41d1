//! Columns to OTLP's JSON encoding, <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>: proto3's JSON
//! mapping, but ids are hexadecimal and enums are numbers. Default values are omitted.

use super::json_writer::JsonWriter;
use super::visit::MAX_DEPTH;
use crate::columns::{AttributeRow, Columns, Groups, Owner, id_at, join_words, kind, owned, pair, u64_at};
use crate::signal::Signal;

/// The names that differ between the two requests.
struct Names {
    resources: &'static str,
    scopes: &'static str,
    rows: &'static str,
}

const SPANS: Names = Names { resources: "resourceSpans", scopes: "scopeSpans", rows: "spans" };
const LOGS: Names = Names { resources: "resourceLogs", scopes: "scopeLogs", rows: "logRecords" };

/// The rows as ExportTraceServiceRequest or, for events, ExportLogsServiceRequest, in JSON.
pub fn encode_json(signal: Signal, columns: &Columns) -> String {
    let (names, scope_of_row) = match signal {
        Signal::Spans | Signal::StartedSpans => (SPANS, &columns.spans.scope),
        Signal::Events => (LOGS, &columns.events.scope),
    };
    let groups = Groups::new(columns, scope_of_row);
    let mut encoder = Encoder { signal, columns, out: JsonWriter::with_capacity(columns.size() * 5 / 2) };
    encoder.out.open('{');
    encoder.list(names.resources, groups.resources(), |encoder, resource| {
        encoder.resource(resource);
        encoder.list(names.scopes, groups.scopes(resource).iter().copied(), |encoder, scope| {
            encoder.scope(scope as usize);
            encoder.list(names.rows, groups.rows(scope).iter().copied(), |encoder, row| match signal {
                Signal::Spans | Signal::StartedSpans => encoder.span(row as usize),
                Signal::Events => encoder.event(row as usize),
            });
            encoder.text("schemaUrl", &columns.scopes.schema_url, scope as usize);
        });
        encoder.text("schemaUrl", &columns.resources.schema_url, resource);
    });
    encoder.out.close('}');
    encoder.out.finish()
}

struct Encoder<'a> {
    signal: Signal,
    columns: &'a Columns,
    out: JsonWriter,
}

impl Encoder<'_> {
    /// An array of objects, unless it is empty.
    fn list<T>(&mut self, key: &str, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        let mut items = items.peekable();
        if items.peek().is_none() {
            return;
        }
        self.out.key(key);
        self.out.open('[');
        for item in items {
            self.out.open('{');
            each(self, item);
            self.out.close('}');
        }
        self.out.close(']');
    }

    fn resource(&mut self, row: usize) {
        self.out.key("resource");
        self.out.open('{');
        self.attributes(Owner::Resource, row);
        self.count("droppedAttributesCount", &self.columns.resources.dropped_attributes, row);
        self.out.close('}');
    }

    fn scope(&mut self, row: usize) {
        let table = &self.columns.scopes;
        self.out.key("scope");
        self.out.open('{');
        self.text("name", &table.name, row);
        self.text("version", &table.version, row);
        self.attributes(Owner::Scope, row);
        self.count("droppedAttributesCount", &table.dropped_attributes, row);
        self.out.close('}');
    }

    fn span(&mut self, row: usize) {
        let table = &self.columns.spans;
        self.id::<16>("traceId", &table.trace_id, row);
        self.id::<8>("spanId", &table.span_id, row);
        self.text("traceState", &table.trace_state, row);
        self.id::<8>("parentSpanId", &table.parent_span_id, row);
        self.count("flags", &table.flags, row);
        self.text("name", &table.name, row);
        self.number("kind", table.kind.get(row).copied().unwrap_or_default());
        self.time("startTimeUnixNano", &table.start_time, row);
        self.time("endTimeUnixNano", &table.end_time, row);
        self.attributes(Owner::Span, row);
        self.count("droppedAttributesCount", &table.dropped_attributes, row);
        self.list("events", owned(&table.event_end, row), Self::span_event);
        self.count("droppedEventsCount", &table.dropped_events, row);
        self.list("links", owned(&table.link_end, row), Self::span_link);
        self.count("droppedLinksCount", &table.dropped_links, row);
        if self.signal == Signal::Spans {
            self.out.key("status");
            self.out.open('{');
            self.text("message", &table.status_message, row);
            self.number("code", table.status_code.get(row).copied().unwrap_or_default());
            self.out.close('}');
        }
    }

    fn span_event(&mut self, row: usize) {
        let table = &self.columns.span_events;
        self.time("timeUnixNano", &table.time, row);
        self.text("name", &table.name, row);
        self.attributes(Owner::SpanEvent, row);
        self.count("droppedAttributesCount", &table.dropped_attributes, row);
    }

    fn span_link(&mut self, row: usize) {
        let table = &self.columns.span_links;
        self.id::<16>("traceId", &table.trace_id, row);
        self.id::<8>("spanId", &table.span_id, row);
        self.text("traceState", &table.trace_state, row);
        self.attributes(Owner::SpanLink, row);
        self.count("droppedAttributesCount", &table.dropped_attributes, row);
        self.count("flags", &table.flags, row);
    }

    fn event(&mut self, row: usize) {
        let table = &self.columns.events;
        self.time("timeUnixNano", &table.time, row);
        self.time("observedTimeUnixNano", &table.observed_time, row);
        self.number("severityNumber", table.severity_number.get(row).copied().unwrap_or_default() as i32);
        self.text("severityText", &table.severity_text, row);
        let kind = table.body_type.get(row).copied().unwrap_or_default();
        if kind != kind::EMPTY {
            self.out.key("body");
            self.value(kind, pair(&table.body_value, row), 0);
        }
        self.attributes(Owner::Event, row);
        self.count("droppedAttributesCount", &table.dropped_attributes, row);
        self.count("flags", &table.flags, row);
        self.id::<16>("traceId", &table.trace_id, row);
        self.id::<8>("spanId", &table.span_id, row);
        self.text("eventName", &table.name, row);
    }

    fn text(&mut self, key: &str, column: &[u32], row: usize) {
        let text = self.columns.text_at(pair(column, row));
        if !text.is_empty() {
            self.out.key(key);
            self.out.text(text);
        }
    }

    fn time(&mut self, key: &str, column: &[u32], row: usize) {
        let nanoseconds = u64_at(column, row);
        if nanoseconds != 0 {
            self.out.key(key);
            self.out.quoted(nanoseconds);
        }
    }

    fn count(&mut self, key: &str, column: &[u32], row: usize) {
        self.number(key, column.get(row).copied().unwrap_or_default());
    }

    fn number(&mut self, key: &str, value: impl Into<i64>) {
        let value = value.into();
        if value != 0 {
            self.out.key(key);
            self.out.display(value);
        }
    }

    fn id<const N: usize>(&mut self, key: &str, column: &[u8], row: usize) {
        let id = id_at::<N>(column, row);
        if id != [0; N] {
            self.out.key(key);
            self.out.hex(&id);
        }
    }

    fn attributes(&mut self, owner: Owner, row: usize) {
        let table = self.columns.attributes_of(owner);
        self.list("attributes", owned(&table.end, row), |encoder, row| encoder.key_value(table.row(row), 0));
    }

    /// The members of a `KeyValue`.
    fn key_value(&mut self, attribute: AttributeRow, depth: u32) {
        self.out.key("key");
        self.out.text(self.columns.text_at(attribute.key));
        self.out.key("value");
        self.value(attribute.kind, attribute.value, depth);
    }

    /// An `AnyValue`; an empty one is an empty object.
    fn value(&mut self, kind: u8, value: [u32; 2], depth: u32) {
        self.out.open('{');
        let mut key = |key| self.out.key(key);
        match kind {
            kind::STRING => {
                key("stringValue");
                self.out.text(self.columns.text_at(value));
            }
            kind::BOOL => {
                key("boolValue");
                self.out.display(value[0] != 0);
            }
            kind::INT => {
                key("intValue");
                self.out.quoted(join_words(value) as i64);
            }
            kind::DOUBLE => {
                key("doubleValue");
                self.out.double(f64::from_bits(join_words(value)));
            }
            kind::BYTES => {
                key("bytesValue");
                self.out.base64(self.columns.bytes_at(value));
            }
            kind::ARRAY | kind::KEY_VALUE_LIST if depth < MAX_DEPTH => {
                key(if kind == kind::ARRAY { "arrayValue" } else { "kvlistValue" });
                self.elements(kind, value, depth + 1);
            }
            _ => {}
        }
        self.out.close('}');
    }

    fn elements(&mut self, kind: u8, value: [u32; 2], depth: u32) {
        self.out.open('{');
        self.out.key("values");
        self.out.open('[');
        for row in self.columns.elements(value) {
            let element = self.columns.nested_row(row);
            if kind == kind::KEY_VALUE_LIST {
                self.out.open('{');
                self.key_value(element, depth);
                self.out.close('}');
            } else {
                self.value(element.kind, element.value, depth);
            }
        }
        self.out.close(']');
        self.out.close('}');
    }
}
