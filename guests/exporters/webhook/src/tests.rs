use super::*;
use serde_json::{Value, json};
use spangate_sdk::testing::{self, Host, every_event_shape, every_span_shape};

const SETTINGS: &str = r#"{"endpoint": "http://hook/in", "headers": {"x-team": "a"}}"#;

fn lines(host: &Host) -> Vec<Value> {
    let text = host.requests()[0].text().unwrap().to_owned();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn spans_are_posted_one_per_line() {
    let host = Host::install();
    let batch = every_span_shape();
    let mut webhook: Webhook = testing::configure(SETTINGS).unwrap();
    assert_eq!(webhook.export_spans(&batch), Outcome::Accepted);
    let lines = lines(&host);
    assert_eq!(lines.len(), 5);
    let expected = json!({
        "signal": "span", "trace_id": "01010101010101010101010101010101", "span_id": "a2a2a2a2a2a2a2a2",
        "parent_span_id": "a1a1a1a1a1a1a1a1", "name": "SELECT carts", "kind": "client",
        "start_time_unix_nano": "1700000000002000000", "end_time_unix_nano": "1700000000019000499", "status": "ok",
        "attributes": {"server.address": "db.local", "server.port": 5432},
        "scope_name": "shop.http", "scope_version": "1.2",
        "resource": {"service.name": "shop", "host.ip": ["10.0.0.7"]},
    });
    assert_eq!(lines[1], expected);
    assert_eq!(lines[0]["attributes"]["mixed"], json!([1, "two", null, [true]]));
    assert_eq!(
        lines[0]["events"][0],
        json!({
            "name": "cache miss", "time_unix_nano": "1700000000000400000", "attributes": {"key": "cart:7"},
        })
    );
    assert_eq!(
        lines[0]["links"],
        json!([{
            "trace_id": "09".repeat(16), "span_id": "08".repeat(8), "trace_state": "linked=1", "attributes": {"why": "batch"},
        }])
    );
    assert_eq!(lines[3]["resource"], json!({"service.name": "mail"}));
}

#[test]
fn events_are_posted_one_per_line() {
    let host = Host::install();
    let mut webhook: Webhook = testing::configure(SETTINGS).unwrap();
    assert_eq!(webhook.export_events(&every_event_shape()), Outcome::Accepted);
    let lines = lines(&host);
    assert_eq!(lines[0]["event_name"], "order.placed");
    assert_eq!(lines[0]["body"], json!({"total": 12.5, "items": ["tea", "cup"]}));
    assert_eq!(lines[0]["span_id"], "a1a1a1a1a1a1a1a1");
    let bare = json!({
        "signal": "event", "event_name": "bare", "time_unix_nano": "0", "observed_time_unix_nano": "0",
        "severity_number": 0, "body": null, "attributes": {}, "scope_name": "shop.orders", "scope_version": "3",
        "resource": {"service.name": "shop"},
    });
    assert_eq!(lines[1], bare);
}

#[test]
fn the_request_carries_the_settings_headers_and_the_batchs_id() {
    let host = Host::install();
    let batch = every_span_shape();
    testing::configure::<Webhook>(SETTINGS).unwrap().export_spans(&batch);
    let request = host.requests().remove(0);
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "http://hook/in"));
    assert_eq!(request.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(request.header("x-team"), Some("a"));
    assert_eq!(request.header("idempotency-key"), Some(batch.id().to_hex().as_str()));
}

#[test]
fn an_endpoint_is_demanded() {
    let errors = testing::configure::<Webhook>("{}").err().unwrap();
    assert_eq!(errors[0].message, "missing field `endpoint`");
    let errors = testing::configure::<Webhook>(r#"{"endpoint": "hook"}"#).err().unwrap();
    assert_eq!(errors[0].path, "endpoint");
}
