//! Spans of the OpenTelemetry SDK, through `spangate-opentelemetry` and an exporter in a sandbox, to a server on loopback.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use opentelemetry::{
    Array, Context, InstrumentationScope, KeyValue, Value,
    trace::{
        Span as _, SpanContext, SpanKind, Status, TraceContextExt, TraceFlags, TraceState, Tracer as _,
        TracerProvider as _,
    },
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, KeyValue as Sent, any_value},
    resource::v1::Resource as SentResource,
    trace::v1::{self as sent, span},
};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, SdkTracerProvider},
};
use prost::Message;
use spangate::{
    Runtime, Subscription,
    core::{
        batch::Batch,
        exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
    },
};
use spangate_opentelemetry::{WithoutOwnWork, exporter, processor};
use spangate_tests::Collector;

fn runtime(url: &str) -> Runtime {
    let text = format!(
        "[resource]\n\"service.name\" = \"nobody asked for\"\n[batch]\nschedule_delay = \"1h\"\n[exporters.out]\n\
         component = \"builtin:otlp\"\ngrants.http.allow = [\"{url}\"]\nsettings.endpoint = \"{url}\"\n"
    );
    Runtime::from_toml(text).start().unwrap_or_else(|error| panic!("{error}"))
}

fn at(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_000 + nanos)
}

fn scope() -> InstrumentationScope {
    let builder = InstrumentationScope::builder("shop").with_version("1.2").with_schema_url("https://example.test/1");
    builder.with_attributes([KeyValue::new("tier", 1)]).build()
}

/// A span with everything that the SDK knows; returns its context and the linked one.
fn record(provider: &SdkTracerProvider) -> (SpanContext, SpanContext) {
    let state = TraceState::from_key_value([("vendor", "x"), ("other", "y")]).expect("valid");
    let context = |byte: u8, flags, state: &TraceState| {
        SpanContext::new([byte; 16].into_id(), [byte; 8].into_id(), TraceFlags::new(flags), true, state.clone())
    };
    let (parent, linked) = (context(7, 1, &state), context(8, 0, &state));
    let tracer = provider.tracer_with_scope(scope());
    let attributes = vec![
        KeyValue::new("bool", true),
        KeyValue::new("int", i64::MIN),
        KeyValue::new("double", -0.25),
        KeyValue::new("text", "\u{e9}"),
        KeyValue::new("ints", Value::Array(Array::I64(vec![1, -2]))),
        KeyValue::new("texts", Value::Array(Array::String(vec!["a".into()]))),
        KeyValue::new("one too many", 1),
    ];
    let builder = tracer.span_builder("publish").with_kind(SpanKind::Producer).with_start_time(at(0));
    let builder = builder.with_attributes(attributes);
    let mut span = builder.start_with_context(&tracer, &Context::new().with_remote_span_context(parent));
    span.add_link(linked.clone(), vec![KeyValue::new("why", "retry"), KeyValue::new("b", 1)]);
    span.add_event_with_timestamp("found", at(5), vec![KeyValue::new("rows", 3), KeyValue::new("b", 1)]);
    span.add_event_with_timestamp("one too many", at(6), vec![]);
    span.set_status(Status::error("no broker"));
    span.end_with_timestamp(at(9));
    (span.span_context().clone(), linked)
}

/// Ids from bytes, whatever they are called.
trait IntoId<T> {
    fn into_id(self) -> T;
}

impl IntoId<opentelemetry::TraceId> for [u8; 16] {
    fn into_id(self) -> opentelemetry::TraceId {
        opentelemetry::TraceId::from_bytes(self)
    }
}

impl IntoId<opentelemetry::SpanId> for [u8; 8] {
    fn into_id(self) -> opentelemetry::SpanId {
        opentelemetry::SpanId::from_bytes(self)
    }
}

fn attribute(key: &str, value: any_value::Value) -> Sent {
    Sent { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Sent::default() }
}

fn list(values: impl IntoIterator<Item = any_value::Value>) -> any_value::Value {
    let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
    any_value::Value::ArrayValue(ArrayValue { values })
}

fn text(text: &str) -> any_value::Value {
    any_value::Value::StringValue(text.to_owned())
}

/// What the server has to see.
fn expected(context: &SpanContext, linked: &SpanContext) -> sent::ResourceSpans {
    use any_value::Value::{BoolValue, DoubleValue, IntValue};
    let event = span::Event {
        time_unix_nano: 1_700_000_000_000_000_005,
        name: "found".to_owned(),
        attributes: vec![attribute("rows", IntValue(3))],
        dropped_attributes_count: 1,
    };
    let link = span::Link {
        trace_id: linked.trace_id().to_bytes().to_vec(),
        span_id: linked.span_id().to_bytes().to_vec(),
        trace_state: "vendor=x,other=y".to_owned(),
        attributes: vec![attribute("why", text("retry"))],
        dropped_attributes_count: 1,
        // In another process, and whether that is known.
        flags: 0x300,
    };
    let span = sent::Span {
        trace_id: vec![7; 16],
        span_id: context.span_id().to_bytes().to_vec(),
        trace_state: "vendor=x,other=y".to_owned(),
        parent_span_id: vec![7; 8],
        flags: 0x301,
        name: "publish".to_owned(),
        kind: span::SpanKind::Producer as i32,
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_000_000_009,
        attributes: vec![
            attribute("bool", BoolValue(true)),
            attribute("int", IntValue(i64::MIN)),
            attribute("double", DoubleValue(-0.25)),
            attribute("text", text("\u{e9}")),
            attribute("ints", list([IntValue(1), IntValue(-2)])),
            attribute("texts", list([text("a")])),
        ],
        dropped_attributes_count: 1,
        events: vec![event],
        dropped_events_count: 1,
        links: vec![link],
        dropped_links_count: 0,
        status: Some(sent::Status { message: "no broker".to_owned(), code: sent::status::StatusCode::Error as i32 }),
    };
    let scope = opentelemetry_proto::tonic::common::v1::InstrumentationScope {
        name: "shop".to_owned(),
        version: "1.2".to_owned(),
        attributes: vec![attribute("tier", IntValue(1))],
        dropped_attributes_count: 0,
    };
    sent::ResourceSpans {
        resource: Some(SentResource {
            attributes: vec![attribute("service.name", text("till")), attribute("zone", text("a"))],
            ..SentResource::default()
        }),
        scope_spans: vec![sent::ScopeSpans {
            scope: Some(scope),
            spans: vec![span],
            schema_url: "https://example.test/1".to_owned(),
        }],
        schema_url: "https://example.test/r".to_owned(),
    }
}

fn resource() -> Resource {
    let attributes = [KeyValue::new("zone", "a"), KeyValue::new("service.name", "till")];
    Resource::builder_empty().with_schema_url(attributes, "https://example.test/r").build()
}

/// The requests that came, decoded.
fn received(sink: &Collector) -> Vec<ExportTraceServiceRequest> {
    let requests = sink.received().into_iter();
    requests.map(|request| ExportTraceServiceRequest::decode(request.body).expect("OTLP")).collect()
}

#[test]
fn every_field_passes_through_the_processor_and_through_the_exporter() {
    for is_processor in [true, false] {
        let sink = Collector::start();
        let runtime = runtime(&sink.url());
        let builder = SdkTracerProvider::builder().with_resource(resource());
        let (tracer, flusher) = (runtime.tracer("sdk"), runtime.flusher());
        let builder = match is_processor {
            true => builder.with_span_processor(processor(tracer, flusher)),
            false => builder.with_batch_exporter(exporter(tracer, flusher)),
        };
        let builder = builder.with_max_attributes_per_span(6).with_max_events_per_span(1);
        let provider = builder.with_max_attributes_per_event(1).with_max_attributes_per_link(1).build();
        let (context, linked) = record(&provider);
        // Nothing else would send it: the batch waits for an hour.
        provider.shutdown_with_timeout(Duration::from_secs(20)).expect("delivered");
        assert_eq!(received(&sink).len(), 1, "by a processor: {is_processor}");
        assert_eq!(received(&sink)[0].resource_spans, [expected(&context, &linked)], "by a processor: {is_processor}");
        let report = runtime.shutdown(Duration::from_secs(20));
        assert_eq!((report.exporters[0].ledger.delivered, report.undelivered_rows()), (1, 0), "{report}");
    }
}

#[test]
fn a_backend_that_never_answers_does_not_hold_a_flush_beyond_its_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let runtime = runtime(&format!("http://{}", silent.local_addr().expect("bound")));
    let spans = processor(runtime.tracer("sdk"), runtime.flusher()).with_flush_timeout(Duration::from_millis(200));
    let provider = SdkTracerProvider::builder().with_span_processor(spans).build();
    provider.tracer("shop").in_span("work", |_| ());
    let error = provider.force_flush().expect_err("nobody answers").to_string();
    assert!(error.contains("Timeout(200ms)"), "{error}");
    let error = provider.shutdown_with_timeout(Duration::from_millis(100)).expect_err("nobody answers").to_string();
    assert!(error.contains("Timeout(100ms)"), "{error}");
    let ledger = &runtime.status().exporters[0].ledger;
    assert_eq!((ledger.accepted, ledger.queued + ledger.in_flight, ledger.is_balanced), (1, 1, true));
}

/// Records what it does with the SDK, as libraries do.
struct Talkative(std::sync::OnceLock<SdkTracerProvider>);

impl Exporter for Talkative {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        if let Some(provider) = self.0.get() {
            provider.tracer("library").in_span("exporting", |_| ());
        }
        Box::pin(async { Ok(ExportOutcome::Accepted) })
    }
}

#[test]
fn delivering_makes_no_spans_of_its_own() {
    for is_processor in [true, false] {
        let talkative = Arc::new(Talkative(std::sync::OnceLock::new()));
        let runtime = Runtime::builder().exporter("talkative", talkative.clone(), Subscription::spans()).start();
        let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
        let (tracer, flusher) = (runtime.tracer("sdk"), runtime.flusher());
        let (counts, builder) = match is_processor {
            true => {
                let spans = processor(tracer, flusher);
                (spans.counts(), SdkTracerProvider::builder().with_span_processor(spans))
            }
            false => {
                let batches = WithoutOwnWork::new(BatchSpanProcessor::builder(exporter(tracer, flusher)).build());
                (batches.counts(), SdkTracerProvider::builder().with_span_processor(batches))
            }
        };
        let provider = builder.build();
        talkative.0.set(provider.clone()).expect("set once");
        for _ in 0..3 {
            provider.tracer("shop").in_span("round", |_| ());
            provider.force_flush().expect("taken over");
            assert!(runtime.flush(Duration::from_secs(20)).is_complete);
        }
        assert_eq!((runtime.status().intake.recorded, counts.own_work()), (3, 3), "by a processor: {is_processor}");
        runtime.shutdown(Duration::from_secs(20));
    }
}
