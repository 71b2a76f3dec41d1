//! Requests to send.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, span},
};
pub(crate) use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceResponse, trace::v1::ExportTraceServiceResponse},
    trace::v1::{Span, Status},
};
use prost::Message;

pub(crate) fn span(number: u8) -> Span {
    Span {
        trace_id: vec![number; 16],
        span_id: vec![number; 8],
        name: format!("span {number}"),
        kind: 2,
        start_time_unix_nano: 1_790_000_000_000_000_000,
        end_time_unix_nano: 1_790_000_000_001_500_000,
        ..Span::default()
    }
}

pub(crate) fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
}

/// A good request of one span.
pub(crate) fn good() -> Vec<u8> {
    traces(vec![span(1)]).encode_to_vec()
}

/// A good request of exactly `bytes` bytes.
pub(crate) fn good_of(bytes: usize) -> Vec<u8> {
    let mut padding = bytes;
    loop {
        let padded = Span { name: "x".repeat(padding), ..span(1) };
        let request = traces(vec![padded]).encode_to_vec();
        match request.len() {
            length if length == bytes => return request,
            length => padding -= length - bytes,
        }
    }
}

pub(crate) fn logs(event_names: &[&str]) -> ExportLogsServiceRequest {
    let record = |name: &&str| LogRecord {
        event_name: (*name).to_owned(),
        time_unix_nano: 1,
        body: Some(AnyValue { value: Some(Value::StringValue("body".to_owned())) }),
        ..LogRecord::default()
    };
    let log_records = event_names.iter().map(record).collect();
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }
}

/// Metrics with three data points: a gauge with two, a sum with one.
pub(crate) const METRICS: &[u8] = &[0x0a, 16, 0x12, 14, 0x12, 6, 0x2a, 4, 0x0a, 0, 0x0a, 0, 0x12, 4, 0x3a, 2, 0x0a, 0];

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// One span with every field, and attributes of every type.
pub(crate) fn every_field() -> ExportTraceServiceRequest {
    let text = |text: &str| AnyValue { value: Some(Value::StringValue(text.to_owned())) };
    let attributes = vec![
        attribute("string", Value::StringValue("grüße \"\u{1f980}\"\n".to_owned())),
        attribute("bool", Value::BoolValue(true)),
        attribute("int", Value::IntValue(i64::MIN)),
        attribute("double", Value::DoubleValue(-0.1)),
        attribute("bytes", Value::BytesValue(vec![0xfb, 0xff, 0])),
        attribute("array", Value::ArrayValue(ArrayValue { values: vec![text("a"), text("")] })),
        attribute("list", Value::KvlistValue(KeyValueList { values: vec![attribute("k", Value::IntValue(0))] })),
    ];
    let full = Span {
        trace_state: "vendor=value".to_owned(),
        parent_span_id: vec![9; 8],
        flags: 0x301,
        attributes: attributes.clone(),
        dropped_attributes_count: u32::MAX,
        events: vec![span::Event {
            time_unix_nano: u64::MAX,
            name: "event".to_owned(),
            attributes: attributes.clone(),
            dropped_attributes_count: 1,
        }],
        dropped_events_count: 2,
        links: vec![span::Link {
            trace_id: vec![3; 16],
            span_id: vec![4; 8],
            trace_state: "a=b".to_owned(),
            attributes: attributes.clone(),
            dropped_attributes_count: 3,
            flags: 1,
        }],
        dropped_links_count: 4,
        status: Some(Status { message: "out of stock".to_owned(), code: 2 }),
        ..span(7)
    };
    let mut request = traces(vec![full]);
    request.resource_spans[0].resource =
        Some(Resource { attributes, dropped_attributes_count: 5, entity_refs: vec![] });
    request.resource_spans[0].schema_url = "https://schema/1".to_owned();
    request.resource_spans[0].scope_spans[0].schema_url = "https://schema/2".to_owned();
    request
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Zstandard that becomes `mebibytes` of zeros from 32 bytes each, and asks for a window of 2 to the power of `window_log`.
pub(crate) fn zstd_bomb(mebibytes: usize, window_log: u8) -> Vec<u8> {
    let blocks = mebibytes * 8;
    // Blocks of 128 KiB that repeat one byte; the last one says so.
    let block = |index| {
        let header: u32 = (128 << 10) << 3 | 1 << 1 | u32::from(index + 1 == blocks);
        [&header.to_le_bytes()[..3], &[0]].concat()
    };
    let head = [0x28, 0xb5, 0x2f, 0xfd, 0, (window_log - 10) << 3];
    [&head[..], &(0..blocks).flat_map(block).collect::<Vec<_>>()].concat()
}

/// Protobuf that is not a request, each in its own way.
pub(crate) fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let good = good();
    let truncated = good[..good.len() - 1].to_vec();
    let overlong_varint = [&[0x0a][..], &[0xff; 10], &[1]].concat();
    let length_beyond = vec![0x0a, 100, 0];
    vec![
        ("truncated", truncated),
        ("overlong varint", overlong_varint),
        ("wrong wire type", vec![0x08, 1]),
        ("group", vec![0x0b, 0x0c]),
        ("field 0", vec![0x02, 0]),
        ("length beyond the end", length_beyond),
        ("not protobuf", b"hello, this is text".to_vec()),
    ]
}

/// A span whose attribute nests arrays `depth` deep.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    let mut value = vec![];
    // ArrayValue in AnyValue is field 5, values in ArrayValue field 1.
    for _ in 0..depth {
        value = length_delimited(5, &length_delimited(1, &value));
    }
    let attribute = length_delimited(9, &length_delimited(2, &value));
    let span = [span(1).encode_to_vec(), attribute].concat();
    length_delimited(1, &length_delimited(2, &length_delimited(2, &span)))
}

pub(crate) fn length_delimited(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut field);
    field.extend_from_slice(content);
    field
}

/// `bytes` bytes of spans that take two bytes each: the cheapest way to ask for a lot of memory.
pub(crate) fn empty_spans(bytes: usize) -> Vec<u8> {
    length_delimited(1, &length_delimited(2, &[0x12, 0].repeat(bytes / 2)))
}
