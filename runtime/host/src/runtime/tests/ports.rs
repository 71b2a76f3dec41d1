//! Receivers and the admin endpoint of a runtime.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use super::watch::{DEADLINE, Watch};
use crate::{
    Runtime, Subscription,
    config::{Admin, Config, Receiver},
};

/// An ExportTraceServiceRequest of one span with ids and the name `sent`.
const REQUEST: &[u8] = &[
    0x0a, 0x26, 0x12, 0x24, 0x12, 0x22, // resource spans, scope spans, span
    0x0a, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, // trace id
    0x12, 8, 2, 2, 2, 2, 2, 2, 2, 2, // span id
    0x2a, 4, b's', b'e', b'n', b't', // name
];

fn runtime(watch: &Arc<Watch>) -> Runtime {
    let loopback: SocketAddr = ([127, 0, 0, 1], 0).into();
    let mut config = Config { admin: Some(Admin { listen: loopback }), ..Config::default() };
    config.receivers.otlp_http = Some(Receiver { listen: loopback, ..Receiver::otlp_http() });
    let builder = Runtime::builder().config(config).exporter("watch", watch.clone(), Subscription::spans());
    builder.start().expect("nothing is wrong")
}

fn exchange(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let head = format!("{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(b"content-type: application/x-protobuf\r\n\r\n").expect("sent");
    stream.write_all(body).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_request_goes_in_at_the_port_and_out_at_the_exporter_and_is_in_every_account() {
    let watch = Arc::new(Watch::default());
    let runtime = runtime(&watch);
    let address = runtime.local_addr("otlp_http").expect("a receiver");
    assert_eq!(runtime.local_addr("otlp_grpc"), None);
    let answer = exchange(address, "POST /v1/traces", REQUEST);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(runtime.flush(DEADLINE).is_complete);
    assert_eq!(watch.names(), ["sent"]);
    let status = runtime.status();
    assert_eq!((status.intake.received, status.intake.accepted, status.intake.is_balanced), (1, 1, true));
    assert_eq!(status.receivers[0].requests.get("accepted"), Some(&1));
    assert_eq!(status.receivers[0].counts["spans_received"], 1);
    assert_eq!(status.exporters[0].ledger.delivered, 1);
}

#[test]
fn the_admin_endpoint_shows_status_metrics_and_readiness_until_the_end() {
    let watch = Arc::new(Watch::default());
    let runtime = runtime(&watch);
    let admin = runtime.admin_addr().expect("an admin endpoint");
    assert!(exchange(admin, "GET /readyz", b"").starts_with("HTTP/1.1 200"));
    let metrics = exchange(admin, "GET /metrics", b"");
    assert!(metrics.contains("spangate_ready{} 1"), "{metrics}");
    assert!(metrics.contains("spangate_receiver_bound{receiver=\"otlp_http\"} 1"), "{metrics}");
    assert!(metrics.contains("application/openmetrics-text"), "{metrics}");
    let answer = exchange(admin, "GET /status", b"");
    let document = &answer[answer.find('{').expect("a document")..=answer.rfind('}').expect("a document")];
    let document: serde_json::Value = serde_json::from_str(document).expect("JSON");
    assert_eq!(document["exporters"][0]["name"], "watch");
    assert_eq!(document["exporters"][0]["ledger"]["is_balanced"], true);
    assert_eq!(document["receivers"][0]["listen"], runtime.local_addr("otlp_http").expect("bound").to_string());
    runtime.shutdown(DEADLINE);
    assert!(TcpStream::connect(admin).is_err(), "the port is closed");
    assert!(!runtime.status().receivers[0].bound);
}
