//! The messages of an OTLP request, as far as they are read from JSON.
//!
//! Source: opentelemetry-proto 1.x, `collector/{trace,logs,metrics}/v1`, `trace/v1`, `logs/v1`, `resource/v1` and
//! `common/v1`. Of metrics only what it takes to count data points.

/// A message: its fields by JSON key.
#[derive(Debug)]
pub(crate) struct Message {
    pub(super) fields: &'static [Field],
    /// Whether the fields are members of one `oneof`: then a value is written even if it is the default.
    pub(super) is_oneof: bool,
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) is_repeated: bool,
}

/// How a field is written, in JSON and on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    /// Hex text, bytes on the wire.
    Id,
    /// Base64 text, bytes on the wire.
    Bytes,
    Bool,
    /// A number, never a name.
    Enum,
    Uint32,
    Fixed32,
    Int64,
    Fixed64,
    Double,
    Message(&'static Message),
}

const fn one(key: &'static str, number: u32, kind: Kind) -> Field {
    Field { key, number, kind, is_repeated: false }
}

const fn many(key: &'static str, number: u32, kind: Kind) -> Field {
    Field { key, number, kind, is_repeated: true }
}

const fn message(fields: &'static [Field]) -> Message {
    Message { fields, is_oneof: false }
}

pub(crate) static TRACES_REQUEST: Message = message(&[many("resourceSpans", 1, Kind::Message(&RESOURCE_SPANS))]);
pub(crate) static LOGS_REQUEST: Message = message(&[many("resourceLogs", 1, Kind::Message(&RESOURCE_LOGS))]);
pub(crate) static METRICS_REQUEST: Message = message(&[many("resourceMetrics", 1, Kind::Message(&RESOURCE_METRICS))]);

static RESOURCE_SPANS: Message = message(&[
    one("resource", 1, Kind::Message(&RESOURCE)),
    many("scopeSpans", 2, Kind::Message(&SCOPE_SPANS)),
    one("schemaUrl", 3, Kind::Text),
]);
static SCOPE_SPANS: Message = message(&[
    one("scope", 1, Kind::Message(&SCOPE)),
    many("spans", 2, Kind::Message(&SPAN)),
    one("schemaUrl", 3, Kind::Text),
]);
static SPAN: Message = message(&[
    one("traceId", 1, Kind::Id),
    one("spanId", 2, Kind::Id),
    one("traceState", 3, Kind::Text),
    one("parentSpanId", 4, Kind::Id),
    one("name", 5, Kind::Text),
    one("kind", 6, Kind::Enum),
    one("startTimeUnixNano", 7, Kind::Fixed64),
    one("endTimeUnixNano", 8, Kind::Fixed64),
    many("attributes", 9, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 10, Kind::Uint32),
    many("events", 11, Kind::Message(&SPAN_EVENT)),
    one("droppedEventsCount", 12, Kind::Uint32),
    many("links", 13, Kind::Message(&SPAN_LINK)),
    one("droppedLinksCount", 14, Kind::Uint32),
    one("status", 15, Kind::Message(&STATUS)),
    one("flags", 16, Kind::Fixed32),
]);
static SPAN_EVENT: Message = message(&[
    one("timeUnixNano", 1, Kind::Fixed64),
    one("name", 2, Kind::Text),
    many("attributes", 3, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 4, Kind::Uint32),
]);
static SPAN_LINK: Message = message(&[
    one("traceId", 1, Kind::Id),
    one("spanId", 2, Kind::Id),
    one("traceState", 3, Kind::Text),
    many("attributes", 4, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 5, Kind::Uint32),
    one("flags", 6, Kind::Fixed32),
]);
static STATUS: Message = message(&[one("message", 2, Kind::Text), one("code", 3, Kind::Enum)]);

static RESOURCE_LOGS: Message = message(&[
    one("resource", 1, Kind::Message(&RESOURCE)),
    many("scopeLogs", 2, Kind::Message(&SCOPE_LOGS)),
    one("schemaUrl", 3, Kind::Text),
]);
static SCOPE_LOGS: Message = message(&[
    one("scope", 1, Kind::Message(&SCOPE)),
    many("logRecords", 2, Kind::Message(&LOG_RECORD)),
    one("schemaUrl", 3, Kind::Text),
]);
static LOG_RECORD: Message = message(&[
    one("timeUnixNano", 1, Kind::Fixed64),
    one("severityNumber", 2, Kind::Enum),
    one("severityText", 3, Kind::Text),
    one("body", 5, Kind::Message(&ANY_VALUE)),
    many("attributes", 6, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 7, Kind::Uint32),
    one("flags", 8, Kind::Fixed32),
    one("traceId", 9, Kind::Id),
    one("spanId", 10, Kind::Id),
    one("observedTimeUnixNano", 11, Kind::Fixed64),
    one("eventName", 12, Kind::Text),
]);

static RESOURCE_METRICS: Message = message(&[many("scopeMetrics", 2, Kind::Message(&SCOPE_METRICS))]);
static SCOPE_METRICS: Message = message(&[many("metrics", 2, Kind::Message(&METRIC))]);
static METRIC: Message = message(&[
    one("gauge", 5, Kind::Message(&METRIC_DATA)),
    one("sum", 7, Kind::Message(&METRIC_DATA)),
    one("histogram", 9, Kind::Message(&METRIC_DATA)),
    one("exponentialHistogram", 10, Kind::Message(&METRIC_DATA)),
    one("summary", 11, Kind::Message(&METRIC_DATA)),
]);
static METRIC_DATA: Message = message(&[many("dataPoints", 1, Kind::Message(&DATA_POINT))]);
static DATA_POINT: Message = message(&[]);

static RESOURCE: Message = message(&[
    many("attributes", 1, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 2, Kind::Uint32),
    many("entityRefs", 3, Kind::Message(&ENTITY_REF)),
]);
static ENTITY_REF: Message = message(&[
    one("schemaUrl", 1, Kind::Text),
    one("type", 2, Kind::Text),
    many("idKeys", 3, Kind::Text),
    many("descriptionKeys", 4, Kind::Text),
]);
static SCOPE: Message = message(&[
    one("name", 1, Kind::Text),
    one("version", 2, Kind::Text),
    many("attributes", 3, Kind::Message(&KEY_VALUE)),
    one("droppedAttributesCount", 4, Kind::Uint32),
]);
static KEY_VALUE: Message = message(&[one("key", 1, Kind::Text), one("value", 2, Kind::Message(&ANY_VALUE))]);
static ANY_VALUE: Message = Message {
    fields: &[
        one("stringValue", 1, Kind::Text),
        one("boolValue", 2, Kind::Bool),
        one("intValue", 3, Kind::Int64),
        one("doubleValue", 4, Kind::Double),
        one("arrayValue", 5, Kind::Message(&ARRAY_VALUE)),
        one("kvlistValue", 6, Kind::Message(&KEY_VALUE_LIST)),
        one("bytesValue", 7, Kind::Bytes),
    ],
    is_oneof: true,
};
static ARRAY_VALUE: Message = message(&[many("values", 1, Kind::Message(&ANY_VALUE))]);
static KEY_VALUE_LIST: Message = message(&[many("values", 1, Kind::Message(&KEY_VALUE))]);
