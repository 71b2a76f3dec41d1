//! Spans of fastrace, through `spangate-fastrace` and an exporter in a sandbox, to a server on loopback. One test, because
//! fastrace has one reporter in a process.

use std::{collections::BTreeMap, time::Duration};

use fastrace::{collector::Config, prelude::*};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{self as sent, span},
};
use prost::Message;
use spangate::Runtime;
use spangate_tests::Collector;

const CALLER: (u128, u64) = (0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10, 0x1112_1314_1516_1718);

/// A trace that another process began; returns the ids of its two spans.
fn record() -> [u64; 2] {
    let caller = SpanContext::new(TraceId(CALLER.0), SpanId(CALLER.1));
    let root = Span::root("request", caller).with_properties(|| {
        [("span.kind", "server"), ("span.parent_span_is_remote", "true"), ("http.route", "/orders/{id}")]
    });
    let query = Span::enter_with_parent("query", &root);
    query.add_event(Event::new("row found").with_property(|| ("row", "3")));
    query.add_link(SpanContext::new(TraceId(7), SpanId(8)).sampled(false));
    query.add_properties(|| [("span.status_code", "error"), ("span.status_description", "too slow")]);
    let not_sampled = Span::root("never seen", SpanContext::random().sampled(false));
    drop(not_sampled);
    [&root, &query].map(|span| SpanContext::from_span(span).expect("it is recorded").span_id.0)
}

fn attribute(key: &str, text: &str) -> KeyValue {
    let value = Some(any_value::Value::StringValue(text.to_owned()));
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value }), ..KeyValue::default() }
}

/// What the server has to see, but for the times.
fn expected([root, query]: [u64; 2]) -> [sent::Span; 2] {
    let common = |span_id: u64, parent: u64| sent::Span {
        trace_id: CALLER.0.to_be_bytes().to_vec(),
        span_id: span_id.to_be_bytes().to_vec(),
        parent_span_id: parent.to_be_bytes().to_vec(),
        ..sent::Span::default()
    };
    let request = sent::Span {
        name: "request".to_owned(),
        kind: span::SpanKind::Server as i32,
        flags: 0x301,
        attributes: vec![attribute("http.route", "/orders/{id}")],
        ..common(root, CALLER.1)
    };
    let event =
        span::Event { name: "row found".to_owned(), attributes: vec![attribute("row", "3")], ..span::Event::default() };
    let link = span::Link {
        trace_id: 7u128.to_be_bytes().to_vec(),
        span_id: 8u64.to_be_bytes().to_vec(),
        flags: 0x100,
        ..span::Link::default()
    };
    let query = sent::Span {
        name: "query".to_owned(),
        kind: span::SpanKind::Internal as i32,
        flags: 0x101,
        events: vec![event],
        links: vec![link],
        status: Some(sent::Status { message: "too slow".to_owned(), code: sent::status::StatusCode::Error as i32 }),
        ..common(query, root)
    };
    [query, request]
}

#[test]
fn every_field_passes_through_the_reporter_and_delivering_makes_no_spans() {
    let sink = Collector::start();
    let url = sink.url();
    let text = format!(
        "[resource]\n\"service.name\" = \"shop\"\n[exporters.out]\ncomponent = \"builtin:otlp\"\n\
         grants.http.allow = [\"{url}\"]\nsettings.endpoint = \"{url}\"\n"
    );
    let runtime = Runtime::from_toml(text).start().unwrap_or_else(|error| panic!("{error}"));
    fastrace::set_reporter(spangate_fastrace::reporter(runtime.tracer("checkout")), Config::default());
    let ids = record();
    for _ in 0..3 {
        fastrace::flush();
        assert!(runtime.flush(Duration::from_secs(20)).is_complete);
    }

    let mut spans = BTreeMap::new();
    for received in sink.received() {
        let request = ExportTraceServiceRequest::decode(received.body).expect("OTLP");
        for resource in request.resource_spans {
            let attributes = vec![attribute("service.name", "shop")];
            assert_eq!(resource.resource, Some(Resource { attributes, ..Resource::default() }));
            for scope in resource.scope_spans {
                assert_eq!(scope.scope.expect("a scope").name, "checkout");
                spans.extend(scope.spans.into_iter().map(|span| (span.name.clone(), span)));
            }
        }
    }
    let mut spans: Vec<_> = spans.into_values().collect();
    let times: Vec<_> = spans.iter().map(|span| (span.start_time_unix_nano, span.end_time_unix_nano)).collect();
    let [(query_start, query_end), (start, end)] = times[..] else { panic!("{spans:?}") };
    assert!(1_600_000_000_000_000_000 < start && start <= query_start && query_end <= end, "{times:?}");
    for span in &mut spans {
        let within = span.start_time_unix_nano..=span.end_time_unix_nano;
        assert!(span.events.iter().all(|event| within.contains(&event.time_unix_nano)), "{span:?}");
        (span.start_time_unix_nano, span.end_time_unix_nano) = (0, 0);
        span.events.iter_mut().for_each(|event| event.time_unix_nano = 0);
    }
    assert_eq!(spans, expected(ids));

    let report = runtime.shutdown(Duration::from_secs(20));
    assert_eq!((report.exporters[0].ledger.delivered, report.undelivered_rows()), (2, 0), "{report}");
    drop(Span::root("late", SpanContext::random()));
    fastrace::flush();
    let intake = runtime.status().intake;
    assert_eq!((intake.recorded, intake.dropped.get("shutdown"), intake.is_balanced), (3, Some(&1), true));
}
