use super::*;
use serde_json::{Value, json};
use spangate_sdk::testing::{self, BatchBuilder, Host, Span, every_span_shape};
use spangate_sdk::{SpanKind, StatusCode};

fn exporter(settings: &str) -> Zipkin {
    testing::configure(settings).unwrap()
}

/// What is posted for a batch.
fn posted(settings: &str, batch: &Batch) -> Vec<Value> {
    let host = Host::install();
    assert_eq!(exporter(settings).export_spans(batch), Outcome::Accepted);
    serde_json::from_str(host.requests()[0].text().unwrap()).unwrap()
}

fn posted_one(span: Span) -> Value {
    posted("{}", &BatchBuilder::new().resource(&[]).span(span).build()).remove(0)
}

#[test]
fn a_span_with_everything_becomes_zipkins_json() {
    let expected = json!({
        "traceId": "01010101010101010101010101010101", "id": "a1a1a1a1a1a1a1a1", "name": "POST /cart", "kind": "SERVER",
        "timestamp": 1_700_000_000_000_000u64, "duration": 48_000,
        "localEndpoint": {"serviceName": "shop"},
        "annotations": [
            {"timestamp": 1_700_000_000_000_400u64, "value": "\"cache miss\":{\"key\":\"cart:7\"}"},
            {"timestamp": 1_700_000_000_000_500u64, "value": "plain"},
        ],
        "tags": {
            "text": "tab\t, quote \", umlaut ü, smile 😀", "truth": "true", "number": "-9223372036854775808",
            "share": "0.1", "words": "[\"a\",\"b\"]", "mixed": "[1,\"two\",null,[true]]",
            "list": "{\"inner\":[1.5,-0.25],\"deep\":{\"key\":\"value\"}}", "bytes": "AAH+/w==", "empty": "",
            "empty.array": "[]",
            "otel.status_code": "ERROR", "error": "stock \"unavailable\"",
            "otel.scope.name": "shop.http", "otel.scope.version": "1.2",
            "otel.dropped_attributes_count": "1", "otel.dropped_events_count": "2", "otel.dropped_links_count": "3",
        },
    });
    assert_eq!(posted("{}", &every_span_shape())[0], expected);
}

#[test]
fn kinds_parents_and_services_are_those_of_each_span() {
    let spans = posted("{}", &every_span_shape());
    let of = |key: &str| spans.iter().map(|span| span[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("kind"), [json!("SERVER"), json!("CLIENT"), Value::Null, json!("PRODUCER"), json!("CONSUMER")]);
    assert_eq!(of("parentId")[..3], [Value::Null, json!("a1a1a1a1a1a1a1a1"), json!("a1a1a1a1a1a1a1a1")]);
    assert_eq!(spans[3]["localEndpoint"], json!({"serviceName": "mail"}));
    assert_eq!(of("duration"), [48_000, 17_000, 24_000, 1, 1]);
}

#[test]
fn the_other_end_is_named_by_the_best_attribute_of_a_span_that_calls() {
    let client = || Span::new("call", 1).kind(SpanKind::Client);
    let remote = |span: Span| posted_one(span)["remoteEndpoint"].clone();
    let named = client().attribute("server.address", "db.local").attribute("peer.service", "db");
    assert_eq!(remote(named), json!({"serviceName": "db"}));
    let v4 = client().attribute("network.peer.port", 5432).attribute("network.peer.address", "10.0.0.7");
    assert_eq!(remote(v4), json!({"ipv4": "10.0.0.7", "port": 5432}));
    assert_eq!(remote(client().attribute("network.peer.address", "::1")), json!({"ipv6": "::1"}));
    assert_eq!(remote(client().attribute("peer.service", "")), Value::Null);
    assert_eq!(remote(client().kind(SpanKind::Server).attribute("server.address", "me")), Value::Null);
}

#[test]
fn only_a_failed_span_has_an_error_tag() {
    let tags = |span: Span| posted_one(span)["tags"].clone();
    assert_eq!(
        tags(Span::new("a", 1).status(StatusCode::Error, "")),
        json!({"otel.status_code": "ERROR", "error": ""})
    );
    assert_eq!(tags(Span::new("a", 1).attribute("error", false)), json!({}));
    assert_eq!(tags(Span::new("a", 1).attribute("error", true)), json!({"error": "true"}));
    let fine = Span::new("a", 1).attribute("error", "no").status(StatusCode::Ok, "");
    assert_eq!(tags(fine), json!({"otel.status_code": "OK"}));
}

#[test]
fn times_that_make_no_sense_are_left_out() {
    let mut span = Span::new("a", 1);
    (span.start_time, span.end_time) = (5000, 4000);
    let json = posted_one(span.clone());
    assert_eq!((&json["timestamp"], &json["duration"]), (&json!(5), &Value::Null));
    (span.start_time, span.end_time) = (0, 0);
    assert_eq!(posted_one(span)["timestamp"], Value::Null);
}

#[test]
fn attributes_of_the_resource_become_tags_only_if_asked_for() {
    let batch = BatchBuilder::new()
        .resource(&[("service.name", "shop".into()), ("host.name", "a1".into())])
        .span(Span::new("a", 1))
        .build();
    assert_eq!(posted("{}", &batch)[0]["tags"], json!({}));
    assert_eq!(posted(r#"{"resource_tags": true}"#, &batch)[0]["tags"], json!({"host.name": "a1"}));
}

#[test]
fn the_request_goes_to_the_endpoint_with_the_batchs_id() {
    let host = Host::install();
    let batch = every_span_shape();
    exporter(r#"{"endpoint": "http://zipkin:9411/api/v2/spans"}"#).export_spans(&batch);
    let request = host.requests().remove(0);
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "http://zipkin:9411/api/v2/spans"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("idempotency-key"), Some(batch.id().to_hex().as_str()));
}

#[test]
fn the_description_names_every_column_that_is_read() {
    let batch = every_span_shape();
    posted(r#"{"resource_tags": true}"#, &batch);
    let described = Zipkin::describe().reads;
    let missing: Vec<_> = batch.columns_read().into_iter().filter(|column| !described.contains(column)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
