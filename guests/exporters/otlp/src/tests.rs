//! Over both protocols, against the scripted host.

use super::*;
use spangate_sdk::http::Response;
use spangate_sdk::testing::{self, BatchBuilder, Host, SentBody, SentRequest, Span};
use spangate_sdk::{Compression, Encoding, Framing, Payload};

const OVER_HTTP: &str = "{}";
const OVER_GRPC: &str = r#"{"protocol": "grpc"}"#;

fn batch() -> Batch {
    let builder = BatchBuilder::new().resource(&[]).span(Span::new("a", 1)).span(Span::new("b", 2));
    builder.otlp(b"the request").build()
}

fn exporter(settings: &str) -> Otlp {
    testing::configure(settings).unwrap()
}

fn payload(request: &SentRequest) -> &Payload {
    let SentBody::Payload(payload) = &request.body else { panic!("{:?}", request.body) };
    payload
}

/// An answer over gRPC with this message and status.
fn grpc_answer(message: &[u8], status: &str) -> Response {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Response {
        status: 200,
        headers: vec![pair("content-type", "application/grpc")],
        body: [&[0, 0, 0, 0, message.len() as u8][..], message].concat(),
        trailers: vec![pair("grpc-status", status), pair("grpc-message", "so it is")],
    }
}

#[test]
fn a_batch_is_forwarded_as_a_payload_that_the_guest_never_reads() {
    let host = Host::install();
    let batch = batch();
    let mut otlp = exporter(r#"{"endpoint": "http://collector:4318/", "headers": {"x-tenant": "a"}}"#);
    assert_eq!(otlp.export_spans(&batch), Outcome::Accepted);
    assert_eq!(otlp.export_events(&batch), Outcome::Accepted);
    let requests = host.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].url.as_str()), ("POST", "http://collector:4318/v1/traces"));
    assert_eq!(requests[1].url, "http://collector:4318/v1/logs");
    assert_eq!(requests[0].header("content-type"), Some("application/x-protobuf"));
    assert_eq!(requests[0].header("content-encoding"), None);
    assert_eq!(requests[0].header("x-tenant"), Some("a"));
    assert_eq!(requests[0].header("idempotency-key"), Some(batch.id().to_hex().as_str()));
    let payload = payload(&requests[0]);
    assert_eq!((payload.form, payload.bytes.as_slice()), (PayloadForm::protobuf(), &b"the request"[..]));
    assert!(batch.columns_read().is_empty());
}

#[test]
fn over_grpc_a_batch_is_the_one_framed_message_of_a_call() {
    let host = Host::install();
    let batch = batch();
    let settings = r#"{"protocol": "grpc", "endpoint": "http://collector:4317", "headers": {"x-tenant": "a"}}"#;
    let mut otlp = exporter(settings);
    for export in [Otlp::export_spans, Otlp::export_events] {
        host.reply(grpc_answer(b"", "0"));
        assert_eq!(export(&mut otlp, &batch), Outcome::Accepted);
    }
    let requests = host.requests();
    let method = |service: &str| format!("http://collector:4317/opentelemetry.proto.collector.{service}/Export");
    assert_eq!(requests[0].url, method("trace.v1.TraceService"));
    assert_eq!(requests[1].url, method("logs.v1.LogsService"));
    assert!(requests[0].http2);
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers"), ("x-tenant", "a")] {
        assert_eq!(requests[0].header(name), Some(value), "{name}");
    }
    assert_eq!(requests[0].header("grpc-encoding"), None);
    assert_eq!(requests[0].header("idempotency-key"), Some(batch.id().to_hex().as_str()));
    let payload = payload(&requests[0]);
    let framed =
        PayloadForm { encoding: Encoding::Protobuf, compression: Compression::Identity, framing: Framing::Grpc };
    assert_eq!((payload.form, payload.bytes.as_slice()), (framed, &b"the request"[..]));
    assert!(batch.columns_read().is_empty());
}

#[test]
fn gzip_is_asked_of_the_host_and_told_to_the_backend() {
    let host = Host::install();
    exporter(r#"{"compression": "gzip"}"#).export_spans(&batch());
    exporter(r#"{"compression": "gzip", "protocol": "grpc"}"#).export_spans(&batch());
    let requests = host.requests();
    assert_eq!((requests[0].header("content-encoding"), requests[0].header("grpc-encoding")), (Some("gzip"), None));
    assert_eq!((requests[1].header("content-encoding"), requests[1].header("grpc-encoding")), (None, Some("gzip")));
    assert!(requests.iter().all(|request| payload(request).form.compression == Compression::Gzip));
}

#[test]
fn rows_that_a_backend_rejects_are_counted_and_never_more_than_there_were() {
    for settings in [OVER_HTTP, OVER_GRPC] {
        let host = Host::install();
        let reply = |rejected: u8| {
            let message = [&[0x0a, 0x0b, 0x08, rejected, 0x12, 0x07][..], b"too old"].concat();
            host.reply(match settings {
                OVER_GRPC => grpc_answer(&message, "0"),
                _ => Response { status: 200, body: message, ..Response::default() },
            });
        };
        let mut otlp = exporter(settings);
        reply(1);
        assert_eq!(otlp.export_spans(&batch()), Outcome::partial(1, "too old"));
        reply(99);
        assert_eq!(otlp.export_spans(&batch()), Outcome::partial(2, "too old"));
        reply(0);
        assert_eq!(otlp.export_spans(&batch()), Outcome::Accepted);
        assert_eq!(host.log()[0].message, "backend says: too old");
    }
}

#[test]
fn a_backend_that_is_busy_is_tried_again_and_one_that_refuses_is_not() {
    let host = Host::install();
    let mut otlp = exporter(OVER_HTTP);
    host.reply_status(503).reply_status(400);
    assert!(matches!(otlp.export_spans(&batch()), Outcome::RetryAfter(_)));
    assert!(matches!(otlp.export_spans(&batch()), Outcome::Rejected(_)));
    let mut otlp = exporter(OVER_GRPC);
    host.reply(grpc_answer(b"", "14")).reply(grpc_answer(b"", "3"));
    assert_eq!(otlp.export_spans(&batch()), Outcome::retry("gRPC UNAVAILABLE: so it is"));
    assert_eq!(otlp.export_spans(&batch()), Outcome::rejected("gRPC INVALID_ARGUMENT: so it is"));
}

#[test]
fn an_answer_that_is_ok_and_cannot_be_read_has_taken_everything() {
    let host = Host::install();
    host.reply(Response { body: Vec::new(), ..grpc_answer(b"", "0") });
    assert_eq!(exporter(OVER_GRPC).export_spans(&batch()), Outcome::Accepted);
}
