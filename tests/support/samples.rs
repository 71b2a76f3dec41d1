//! Requests in which every field of OTLP is set, to be compared at the other end.

use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span},
};

const START: u64 = 1_790_000_000_000_000_000;

/// Two resources, three scopes, `spans_per_scope` spans each; spans differ, and the first of each scope has every field.
pub fn every_span_field(spans_per_scope: usize) -> ExportTraceServiceRequest {
    let mut number = 0;
    let mut scope = |name: &str| {
        let spans = (0..spans_per_scope).map(|_| {
            number += 1;
            numbered_span(number)
        });
        ScopeSpans {
            spans: spans.collect(),
            scope: Some(instrumentation(name)),
            schema_url: format!("https://s/{name}"),
        }
    };
    let first = ResourceSpans {
        resource: Some(resource("shop")),
        scope_spans: vec![scope("cart"), scope("price")],
        schema_url: "https://schema/1".into(),
    };
    let second = ResourceSpans {
        resource: Some(resource("warehouse")),
        scope_spans: vec![scope("stock")],
        schema_url: String::new(),
    };
    ExportTraceServiceRequest { resource_spans: vec![first, second] }
}

/// Events with bodies of every type.
pub fn every_event_field() -> ExportLogsServiceRequest {
    let bodies = [Some(text("plain")), Some(nested()), Some(Value::IntValue(-7)), None];
    let records = bodies.into_iter().zip(1..).map(|(body, number)| LogRecord {
        time_unix_nano: START + number,
        observed_time_unix_nano: START + 10 + number,
        severity_number: 9,
        severity_text: "INFO".into(),
        body: body.map(|value| AnyValue { value: Some(value) }),
        attributes: attributes(),
        dropped_attributes_count: 4,
        flags: 1,
        trace_id: vec![7; 16],
        span_id: vec![8; 8],
        event_name: format!("shop.order.{number}"),
    });
    let scope_logs = ScopeLogs {
        log_records: records.collect(),
        scope: Some(instrumentation("orders")),
        schema_url: "https://s/orders".into(),
    };
    let resource_logs = ResourceLogs {
        resource: Some(resource("shop")),
        scope_logs: vec![scope_logs],
        schema_url: "https://schema/1".into(),
    };
    ExportLogsServiceRequest { resource_logs: vec![resource_logs] }
}

fn numbered_span(number: u64) -> Span {
    let id = number.to_be_bytes();
    let trace_id = [[0xab; 8], id].concat();
    if number.is_multiple_of(2) {
        return Span {
            trace_id,
            span_id: id.to_vec(),
            name: format!("plain {number}"),
            start_time_unix_nano: START + number,
            end_time_unix_nano: START + 2 * number,
            ..Span::default()
        };
    }
    Span {
        trace_id: trace_id.clone(),
        span_id: id.to_vec(),
        trace_state: "vendor=a,other=b".into(),
        parent_span_id: vec![9; 8],
        flags: 0x301,
        name: format!("GET /cart/{number} – ünïcode"),
        kind: span::SpanKind::Server as i32,
        start_time_unix_nano: START + number,
        end_time_unix_nano: START + 1_500_000 + number,
        attributes: attributes(),
        dropped_attributes_count: 1,
        events: vec![span::Event {
            time_unix_nano: START + 5,
            name: "exception".into(),
            attributes: attributes(),
            dropped_attributes_count: 2,
        }],
        dropped_events_count: 3,
        links: vec![span::Link {
            trace_id,
            span_id: vec![5; 8],
            trace_state: "l=1".into(),
            attributes: attributes(),
            dropped_attributes_count: 6,
            flags: 0x101,
        }],
        dropped_links_count: 7,
        status: Some(Status { message: "stock unavailable".into(), code: 2 }),
    }
}

/// One attribute of every type, the empty value included.
pub fn attributes() -> Vec<KeyValue> {
    let values = [
        ("string", Some(text("välue"))),
        ("empty string", Some(text(""))),
        ("bool", Some(Value::BoolValue(true))),
        ("int", Some(Value::IntValue(i64::MIN))),
        ("double", Some(Value::DoubleValue(0.1))),
        ("bytes", Some(Value::BytesValue(vec![0, 255, 10]))),
        ("nested", Some(nested())),
        ("nothing", None),
    ];
    values.into_iter().map(|(key, value)| attribute(key, value)).collect()
}

fn nested() -> Value {
    let list = KeyValueList {
        values: vec![attribute("inner", Some(Value::IntValue(1))), attribute("deeper", Some(array(vec![text("x")])))],
    };
    array(vec![text("a"), Value::KvlistValue(list), Value::BoolValue(false), array(vec![])])
}

fn array(values: Vec<Value>) -> Value {
    Value::ArrayValue(ArrayValue { values: values.into_iter().map(|value| AnyValue { value: Some(value) }).collect() })
}

fn text(value: &str) -> Value {
    Value::StringValue(value.into())
}

fn attribute(key: &str, value: Option<Value>) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value }), ..KeyValue::default() }
}

fn resource(service: &str) -> Resource {
    let mut attributes = attributes();
    attributes.insert(0, attribute("service.name", Some(text(service))));
    Resource { attributes, dropped_attributes_count: 1, ..Resource::default() }
}

fn instrumentation(name: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: name.into(),
        version: "1.2.3".into(),
        attributes: attributes(),
        dropped_attributes_count: 2,
    }
}

/// A request in OTLP's JSON encoding, written by hand from the specification: ids in hexadecimal, 64-bit numbers as
/// strings, bytes in base64, enums as numbers.
pub fn span_json(request: &ExportTraceServiceRequest) -> String {
    let resources = request.resource_spans.iter().map(|resource_spans| {
        let scopes = resource_spans.scope_spans.iter().map(|scope_spans| {
            let spans = scope_spans.spans.iter().map(json::span).collect::<Vec<_>>();
            let scope = scope_spans.scope.as_ref().map(json::scope);
            serde_json::json!({ "scope": scope, "schemaUrl": scope_spans.schema_url, "spans": spans })
        });
        let resource = resource_spans.resource.as_ref().map(json::resource);
        let scopes = scopes.collect::<Vec<_>>();
        serde_json::json!({ "resource": resource, "schemaUrl": resource_spans.schema_url, "scopeSpans": scopes })
    });
    serde_json::json!({ "resourceSpans": resources.collect::<Vec<_>>(), "unknownKey": { "ignored": [1] } }).to_string()
}

mod json {
    use serde_json::{Value as Json, json};

    use super::{AnyValue, InstrumentationScope, KeyValue, Resource, Span, Value, span};

    pub(super) fn span(span: &Span) -> Json {
        json!({
            "traceId": hex(&span.trace_id), "spanId": hex(&span.span_id), "parentSpanId": hex(&span.parent_span_id),
            "traceState": span.trace_state, "flags": span.flags, "name": span.name, "kind": span.kind,
            "startTimeUnixNano": span.start_time_unix_nano.to_string(),
            "endTimeUnixNano": span.end_time_unix_nano.to_string(),
            "attributes": attributes(&span.attributes), "droppedAttributesCount": span.dropped_attributes_count,
            "events": span.events.iter().map(event).collect::<Vec<_>>(),
            "droppedEventsCount": span.dropped_events_count,
            "links": span.links.iter().map(link).collect::<Vec<_>>(), "droppedLinksCount": span.dropped_links_count,
            "status": span.status.as_ref().map(|status| json!({ "message": status.message, "code": status.code })),
        })
    }

    fn event(event: &span::Event) -> Json {
        json!({
            "timeUnixNano": event.time_unix_nano.to_string(), "name": event.name,
            "attributes": attributes(&event.attributes), "droppedAttributesCount": event.dropped_attributes_count,
        })
    }

    fn link(link: &span::Link) -> Json {
        json!({
            "traceId": hex(&link.trace_id).to_uppercase(), "spanId": hex(&link.span_id), "traceState": link.trace_state,
            "attributes": attributes(&link.attributes), "droppedAttributesCount": link.dropped_attributes_count,
            "flags": link.flags,
        })
    }

    pub(super) fn scope(scope: &InstrumentationScope) -> Json {
        json!({
            "name": scope.name, "version": scope.version, "attributes": attributes(&scope.attributes),
            "droppedAttributesCount": scope.dropped_attributes_count,
        })
    }

    pub(super) fn resource(resource: &Resource) -> Json {
        let dropped = resource.dropped_attributes_count;
        json!({ "attributes": attributes(&resource.attributes), "droppedAttributesCount": dropped })
    }

    fn attributes(attributes: &[KeyValue]) -> Vec<Json> {
        let one = |attribute: &KeyValue| json!({ "key": attribute.key, "value": attribute.value.as_ref().map(any) });
        attributes.iter().map(one).collect()
    }

    fn any(value: &AnyValue) -> Json {
        match &value.value {
            None => json!({}),
            Some(Value::StringValue(text)) => json!({ "stringValue": text }),
            Some(Value::BoolValue(bool)) => json!({ "boolValue": bool }),
            Some(Value::IntValue(int)) => json!({ "intValue": int.to_string() }),
            Some(Value::DoubleValue(double)) => json!({ "doubleValue": double }),
            Some(Value::BytesValue(bytes)) => json!({ "bytesValue": base64(bytes) }),
            Some(Value::ArrayValue(array)) => {
                json!({ "arrayValue": { "values": array.values.iter().map(any).collect::<Vec<_>>() } })
            }
            Some(Value::KvlistValue(list)) => json!({ "kvlistValue": { "values": attributes(&list.values) } }),
            Some(other) => panic!("not in the samples: {other:?}"),
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let word =
                chunk.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
            for digit in 0..4 {
                let letter = LETTERS[word >> (18 - 6 * digit) & 63];
                text.push(if digit > chunk.len() { '=' } else { letter.into() });
            }
        }
        text
    }
}
