//! What a span costs on its way from OTLP bytes to columns and back: `cargo bench -p spangate-core --bench columns`.
//!
//! 512 spans with 10 attributes each. Prints nanoseconds per span, the median of many passes, and the same work done by
//! a generated protobuf library for scale.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use spangate_core::otlp::{self, Request, ScanLimits};
use spangate_core::signal::Signal;

const SPANS: u32 = 512;
const PASSES: usize = 400;

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}

fn span(number: u32) -> Span {
    let text = |text: &str| Value::StringValue(text.to_owned());
    let start = 1_700_000_000_000_000_000 + u64::from(number) * 1_000;
    Span {
        trace_id: (u128::from(number / 8) + 1).to_be_bytes().to_vec(),
        span_id: (u64::from(number) + 1).to_be_bytes().to_vec(),
        parent_span_id: u64::from(number / 8 + 1).to_be_bytes().to_vec(),
        name: "GET /cart/{id}".to_owned(),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1_500_000,
        flags: 0x101,
        status: Some(Status { code: 1, message: String::new() }),
        attributes: vec![
            attribute("http.request.method", text("GET")),
            attribute("url.path", text(&format!("/cart/{number}"))),
            attribute("http.response.status_code", Value::IntValue(200)),
            attribute("server.address", text("shop.example")),
            attribute("server.port", Value::IntValue(8080)),
            attribute("network.protocol.version", text("1.1")),
            attribute("user_agent.original", text("curl/8.5.0")),
            attribute("cart.total", Value::DoubleValue(17.25)),
            attribute("cart.is_empty", Value::BoolValue(false)),
            attribute("client.address", text("192.0.2.17")),
        ],
        ..Default::default()
    }
}

fn request() -> ExportTraceServiceRequest {
    let attributes = vec![attribute("service.name", Value::StringValue("shop".to_owned()))];
    let scope = InstrumentationScope { name: "shop.http".to_owned(), ..Default::default() };
    let spans = (0..SPANS).map(span).collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes, ..Default::default() }),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans, schema_url: String::new() }],
            schema_url: String::new(),
        }],
    }
}

/// Nanoseconds per span.
fn measure<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut nanoseconds: Vec<u128> = (0..PASSES)
        .map(|_| {
            let start = Instant::now();
            let result = black_box(work());
            let taken = start.elapsed().as_nanos();
            drop(result);
            taken
        })
        .collect();
    nanoseconds.sort_unstable();
    nanoseconds[PASSES / 2] as f64 / f64::from(SPANS)
}

fn scan(bytes: &Bytes) -> Request {
    otlp::scan(Signal::Spans, bytes.clone(), &ScanLimits::default()).expect("a valid request").request
}

fn main() {
    let message = request();
    let bytes = Bytes::from(message.encode_to_vec());
    let request = scan(&bytes);
    let columns = request.decode();
    let every_second: Vec<u32> = (0..SPANS).step_by(2).collect();
    let quarters: Vec<Request> = (0..4).map(|part| request.slice(part * SPANS / 4..(part + 1) * SPANS / 4)).collect();

    println!(
        "{SPANS} spans, 10 attributes each: {} bytes of OTLP, {} of columns per span\n",
        bytes.len() / SPANS as usize,
        columns.size() / SPANS as usize
    );
    println!("{:<34}{:>12}", "", "ns per span");
    let print = |name: &str, nanoseconds: f64| println!("{name:<34}{nanoseconds:>12.1}");
    print("scan", measure(|| scan(&bytes)));
    print("decode to columns", measure(|| request.decode()));
    print("encode from columns", measure(|| otlp::encode(Signal::Spans, &columns)));
    print("JSON from columns", measure(|| otlp::encode_json(Signal::Spans, &columns)));
    print("select every second span, bytes", measure(|| request.select(&every_second)));
    print("select every second span, columns", measure(|| columns.select(Signal::Spans, every_second.clone())));
    print("join four requests", measure(|| Request::join(&quarters)));
    print("prost decode, for scale", measure(|| ExportTraceServiceRequest::decode(&*bytes)));
    print("prost encode, for scale", measure(|| message.encode_to_vec()));
}
