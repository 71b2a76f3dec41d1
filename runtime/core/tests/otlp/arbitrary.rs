//! Requests of every shape that OTLP allows, and some that it does not.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z.]{1,12}", "\\PC{0,8}", Just("a\"\\\n\u{1}é𝄞".to_owned())]
}

pub(crate) type Doubles = BoxedStrategy<f64>;

pub(crate) fn any_double() -> Doubles {
    prop_oneof![any::<f64>(), Just(0.0), Just(-0.0), Just(1e300), Just(f64::NAN), Just(f64::INFINITY)].boxed()
}

/// Numbers that the JSON reader of the tests reads exactly; it knows no text for NaN and the infinities either.
pub(crate) fn exact_double() -> Doubles {
    any::<i32>().prop_map(|number| f64::from(number) / 8.0).boxed()
}

fn value(doubles: &Doubles) -> impl Strategy<Value = AnyValue> + use<> {
    let leaf = prop_oneof![
        Just(None),
        text().prop_map(|text| Some(Value::StringValue(text))),
        any::<bool>().prop_map(|bool| Some(Value::BoolValue(bool))),
        any::<i64>().prop_map(|int| Some(Value::IntValue(int))),
        doubles.clone().prop_map(|double| Some(Value::DoubleValue(double))),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Some(Value::BytesValue(bytes))),
    ]
    .prop_map(|value| AnyValue { value });
    leaf.prop_recursive(4, 24, 4, |inner| {
        let array = vec(inner.clone(), 0..4).prop_map(|values| Value::ArrayValue(ArrayValue { values }));
        let key_value =
            (text(), option::of(inner)).prop_map(|(key, value)| KeyValue { key, value, ..Default::default() });
        let list = vec(key_value, 0..4).prop_map(|values| Value::KvlistValue(KeyValueList { values }));
        prop_oneof![array, list].prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn attributes(doubles: &Doubles) -> impl Strategy<Value = Vec<KeyValue>> + use<> {
    let attribute = (text(), option::weighted(0.9, value(doubles)));
    vec(attribute.prop_map(|(key, value)| KeyValue { key, value, ..Default::default() }), 0..5)
}

/// An id that may be missing: absent, zero or set.
fn optional_id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(vec![]), Just(vec![0; length]), vec(1u8.., length..=length)]
}

/// An id that must be there, and one time in twelve is not.
fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        22 => vec(1u8.., length..=length),
        1 => Just(vec![0; length]),
        1 => vec(any::<u8>(), 0..2 * length),
    ]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(1), any::<u32>()]
}

fn small_enum() -> impl Strategy<Value = i32> {
    prop_oneof![8 => 0..6, 1 => Just(255), 1 => Just(256), 1 => any::<i32>()]
}

fn event(doubles: &Doubles) -> impl Strategy<Value = Event> + use<> {
    (any::<u64>(), text(), attributes(doubles), number()).prop_map(|(time_unix_nano, name, attributes, dropped)| {
        Event { time_unix_nano, name, attributes, dropped_attributes_count: dropped }
    })
}

fn link(doubles: &Doubles) -> impl Strategy<Value = Link> + use<> {
    (optional_id(16), optional_id(8), text(), attributes(doubles), number(), number()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count: dropped,
            flags,
        },
    )
}

fn span(doubles: &Doubles) -> impl Strategy<Value = Span> + use<> {
    let status = (text(), small_enum()).prop_map(|(message, code)| Status { message, code });
    let ids = (id(16), id(8), optional_id(8), text(), number(), text(), small_enum());
    let times = (any::<u64>(), any::<u64>());
    let lists = (attributes(doubles), vec(event(doubles), 0..3), vec(link(doubles), 0..3));
    (ids, times, lists, (number(), number(), number()), option::of(status)).prop_map(
        |(ids, times, lists, dropped, status)| Span {
            trace_id: ids.0,
            span_id: ids.1,
            parent_span_id: ids.2,
            trace_state: ids.3,
            flags: ids.4,
            name: ids.5,
            kind: ids.6,
            start_time_unix_nano: times.0,
            end_time_unix_nano: times.1,
            attributes: lists.0,
            events: lists.1,
            links: lists.2,
            dropped_attributes_count: dropped.0,
            dropped_events_count: dropped.1,
            dropped_links_count: dropped.2,
            status,
        },
    )
}

fn log_record(doubles: &Doubles) -> impl Strategy<Value = LogRecord> + use<> {
    let ids = (prop_oneof![20 => optional_id(16).boxed(), 1 => id(16).boxed()], optional_id(8), number(), number());
    let severity = (prop_oneof![0..25, any::<i32>()], text());
    let content = (text(), option::of(value(doubles)), attributes(doubles));
    (any::<u64>(), any::<u64>(), severity, content, ids).prop_map(|(time, observed, severity, content, ids)| {
        LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: observed,
            severity_number: severity.0,
            severity_text: severity.1,
            event_name: content.0,
            body: content.1,
            attributes: content.2,
            trace_id: ids.0,
            span_id: ids.1,
            flags: ids.2,
            dropped_attributes_count: ids.3,
        }
    })
}

fn scope(doubles: &Doubles) -> impl Strategy<Value = Option<InstrumentationScope>> + use<> {
    option::of((text(), text(), attributes(doubles), number()).prop_map(|(name, version, attributes, dropped)| {
        InstrumentationScope { name, version, attributes, dropped_attributes_count: dropped }
    }))
}

fn resource(doubles: &Doubles) -> impl Strategy<Value = Option<Resource>> + use<> {
    option::of((attributes(doubles), number()).prop_map(|(attributes, dropped)| Resource {
        attributes,
        dropped_attributes_count: dropped,
        entity_refs: vec![],
    }))
}

pub(crate) fn trace_request(doubles: &Doubles) -> impl Strategy<Value = ExportTraceServiceRequest> + use<> {
    let scope = (scope(doubles), vec(span(doubles), 0..4), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
        scope,
        spans,
        schema_url,
    });
    let resource = (resource(doubles), vec(scope, 0..3), text())
        .prop_map(|(resource, scope_spans, schema_url)| ResourceSpans { resource, scope_spans, schema_url });
    vec(resource, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

pub(crate) fn logs_request(doubles: &Doubles) -> impl Strategy<Value = ExportLogsServiceRequest> + use<> {
    let scope = (scope(doubles), vec(log_record(doubles), 0..4), text())
        .prop_map(|(scope, log_records, schema_url)| ScopeLogs { scope, log_records, schema_url });
    let resource = (resource(doubles), vec(scope, 0..3), text())
        .prop_map(|(resource, scope_logs, schema_url)| ResourceLogs { resource, scope_logs, schema_url });
    vec(resource, 0..3).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}
