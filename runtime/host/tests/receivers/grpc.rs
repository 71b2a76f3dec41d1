use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::StatusCode;
use prost::Message;
use spangate::{config::OtherSignals, receiver::Outcome};
use spangate_core::signal::Signal;

use crate::{
    client::{Grpc, Http1, LOGS, METRICS, PROTOBUF, Reply, TRACES, frame},
    fake::{Running, refusal},
    samples::{self, gzip, logs, span, traces},
};

const OK: u32 = 0;
const INVALID_ARGUMENT: u32 = 3;
const DEADLINE_EXCEEDED: u32 = 4;
const RESOURCE_EXHAUSTED: u32 = 8;
const UNIMPLEMENTED: u32 = 12;
const UNAVAILABLE: u32 = 14;

/// The one message of an answer.
fn message(reply: &Reply) -> Bytes {
    assert_eq!(reply.grpc_status(), OK);
    assert_eq!(reply.body[0], 0, "compressed");
    assert_eq!(reply.body[1..5], ((reply.body.len() - 5) as u32).to_be_bytes());
    reply.body.slice(5..)
}

/// An error comes in the headers alone, as plain 200, and never as trailers after a body.
fn failed(reply: &Reply, status: u32) -> String {
    assert_eq!((reply.status, reply.grpc_status(), reply.body.len()), (StatusCode::OK, status, 0), "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/grpc");
    assert!(reply.headers.contains_key("grpc-status"));
    reply.header("grpc-message").to_owned()
}

#[tokio::test]
async fn a_call_is_handed_on_byte_for_byte() {
    let running = Running::grpc(|config| config.metadata = vec!["x-tenant".to_owned()]).await;
    let mut client = Grpc::connect(running.address).await;
    let request = samples::every_field().encode_to_vec();
    let reply = client.send(TRACES, &[("x-tenant", "acme")], frame(0, &request)).await;
    assert_eq!(message(&reply), Bytes::new());
    assert_eq!(reply.header("grpc-accept-encoding"), "identity,gzip,zstd");
    assert!(reply.trailers.contains_key("grpc-status"));
    assert_eq!(message(&client.call_gzip(TRACES, &request).await), Bytes::new());
    // What is said to be possible need not be done.
    let reply = client.send(TRACES, &[("grpc-encoding", "gzip")], frame(0, &request)).await;
    assert_eq!(message(&reply), Bytes::new());
    assert_eq!(running.consumer.bytes(), [request.clone(), request.clone(), request]);
    let taken = running.consumer.taken.lock().unwrap();
    assert_eq!((taken[0].0, &*taken[0].2), (Signal::Spans, &[("x-tenant".to_owned(), "acme".to_owned())][..]));
}

#[tokio::test]
async fn i01_an_empty_message_is_taken_and_no_message_is_not() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    assert_eq!(message(&client.call(TRACES, b"").await), Bytes::new());
    assert_eq!(message(&client.call(LOGS, &[0x0a, 0]).await), Bytes::new());
    failed(&client.send(TRACES, &[], "").await, INVALID_ARGUMENT);
    assert_eq!(running.consumer.taken.lock().unwrap().len(), 0);
    client.still_works().await;
}

#[tokio::test]
async fn i02_i03_too_large_is_resource_exhausted_without_retry_info() {
    let limit = 300_000;
    let running = Running::grpc(|config| config.max_request_bytes = limit).await;
    let mut client = Grpc::connect(running.address).await;
    let (good, large) = (samples::good_of(limit), samples::good_of(limit + 1));
    assert_eq!(message(&client.call(TRACES, &good).await), Bytes::new());
    assert_eq!(message(&client.call_gzip(TRACES, &good).await), Bytes::new());
    let bomb = vec![0; 64 << 20];
    let announced = [&[0][..], &u32::MAX.to_be_bytes(), b"x"].concat();
    let replies = [
        client.call(TRACES, &large).await,
        client.call_gzip(TRACES, &large).await,
        client.call_gzip(TRACES, &bomb).await,
        client.send(TRACES, &[], announced).await,
        client.call(TRACES, &samples::good_of(3 * limit)).await,
    ];
    for reply in replies {
        let text = failed(&reply, RESOURCE_EXHAUSTED);
        assert!(text.contains("300000"), "{text}");
        assert!(!reply.headers.contains_key("grpc-status-details-bin"));
    }
    client.still_works().await;
    assert_eq!((running.requests(Outcome::TooLarge), running.consumer.rows()), (5, 3));
}

#[tokio::test]
async fn i04_millions_of_empty_spans_are_resource_exhausted() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    let reply = client.call_gzip(TRACES, &samples::empty_spans(3 << 20)).await;
    assert!(failed(&reply, RESOURCE_EXHAUSTED).contains("rows"));
    client.still_works().await;
}

#[tokio::test]
async fn i06_an_unknown_encoding_is_unimplemented_and_the_known_ones_are_named() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    for encodings in [&["snappy"][..], &["gzip, gzip"], &["gzip", "gzip"]] {
        let headers: Vec<_> = encodings.iter().map(|encoding| ("grpc-encoding", *encoding)).collect();
        let reply = client.send(TRACES, &headers, frame(1, &gzip(&samples::good()))).await;
        failed(&reply, UNIMPLEMENTED);
        assert_eq!(reply.header("grpc-accept-encoding"), "identity,gzip,zstd");
    }
    client.still_works().await;
}

#[tokio::test]
async fn i07_i08_i10_what_is_malformed_is_an_invalid_argument() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    let mut bodies: Vec<_> = samples::malformed().into_iter().map(|(_, body)| frame(0, &body)).collect();
    bodies.push(frame(0, &samples::nested(10_000)));
    bodies.push(frame(1, &samples::good()));
    let good = gzip(&samples::good());
    bodies.push(frame(1, &good[..good.len() - 1]));
    bodies.push(frame(1, &[&good[..], b"garbage"].concat()));
    bodies.push(frame(2, &samples::good()));
    bodies.push([frame(0, b""), frame(0, b"")].concat());
    bodies.push(frame(0, &samples::good())[..9].to_vec());
    let count = bodies.len() as u64;
    for body in bodies {
        let reply = client.send(TRACES, &[("grpc-encoding", "gzip")], body).await;
        assert!(!failed(&reply, INVALID_ARGUMENT).is_empty());
    }
    // Compressed by the flag, but with nothing said.
    failed(&client.send(TRACES, &[], frame(1, &good)).await, INVALID_ARGUMENT);
    client.still_works().await;
    assert_eq!((running.requests(Outcome::Malformed), running.consumer.rows()), (count + 1, 1));
}

#[tokio::test]
async fn i12_spans_with_invalid_ids_are_rejected_and_the_others_taken() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    let invalid = samples::Span { span_id: vec![0; 8], ..span(2) };
    let reply = client.call(TRACES, &traces(vec![span(1), invalid]).encode_to_vec()).await;
    let response = samples::ExportTraceServiceResponse::decode(message(&reply)).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_spans, 1);
    assert_eq!(running.consumer.bytes(), [traces(vec![span(1)]).encode_to_vec()]);
}

#[tokio::test]
async fn i27_other_methods_are_unimplemented_and_other_protocols_told_in_plain_http() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    for path in ["/", "/opentelemetry.proto.collector.trace.v1.TraceService/Import", "/v1/traces"] {
        failed(&client.call(path, &samples::good()).await, UNIMPLEMENTED);
    }
    let reply = client.send(TRACES, &[("content-type", "application/json")], "{}").await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let reply = client.send(TRACES, &[("content-type", "application/grpc+proto")], frame(0, b"")).await;
    assert_eq!(reply.grpc_status(), OK);
    client.still_works().await;
    let mut http1 = Http1::connect(running.address).await;
    let reply = http1.post("/v1/traces", &[PROTOBUF], samples::good()).await;
    assert_eq!(reply.status, StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    assert!(reply.text().contains("4318"), "{}", reply.text());
}

#[tokio::test]
async fn plain_log_records_and_metrics_are_counted_out() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    let reply = client.call(LOGS, &logs(&["event", "", ""]).encode_to_vec()).await;
    let response = samples::ExportLogsServiceResponse::decode(message(&reply)).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_log_records, 2);
    let reply = client.call(METRICS, samples::METRICS).await;
    assert_eq!(message(&reply)[2..4], [0x08, 3]);
    assert_eq!((running.stats.plain_logs_dropped.get(), running.stats.metric_points_dropped.get()), (2, 3));
    assert_eq!(running.consumer.taken.lock().unwrap()[0].0, Signal::Events);
}

#[tokio::test]
async fn other_signals_can_be_refused_as_unimplemented() {
    let running = Running::grpc(|config| config.other_signals = OtherSignals::Refuse).await;
    let mut client = Grpc::connect(running.address).await;
    failed(&client.call(METRICS, samples::METRICS).await, UNIMPLEMENTED);
    failed(&client.call(LOGS, &logs(&[""]).encode_to_vec()).await, UNIMPLEMENTED);
    assert_eq!(client.call(LOGS, &logs(&["event"]).encode_to_vec()).await.grpc_status(), OK);
}

#[tokio::test]
async fn i30_a_refusal_is_unavailable_with_retry_info() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    *running.consumer.full.lock().unwrap() = Some(refusal());
    let reply = client.call(TRACES, b"nonsense").await;
    assert_eq!(failed(&reply, UNAVAILABLE), "queue of billing is full");
    let details = STANDARD_NO_PAD.decode(reply.header("grpc-status-details-bin")).unwrap();
    let delay = b"type.googleapis.com/google.rpc.RetryInfo\x12\x0a\x0a\x08\x08\x02\x10\x80\xca\xb5\xee\x01";
    assert!(details.ends_with(delay), "{details:?}");
    *running.consumer.full.lock().unwrap() = None;
    client.still_works().await;
    assert_eq!((running.requests(Outcome::Refused), running.requests(Outcome::Accepted)), (1, 1));
}

#[tokio::test]
async fn i30_calls_beyond_the_slots_are_unavailable_and_not_queued() {
    let running = Running::grpc(|config| config.max_concurrent_requests = 0).await;
    let mut client = Grpc::connect(running.address).await;
    let reply = client.call(TRACES, &samples::good()).await;
    assert!(failed(&reply, UNAVAILABLE).contains("being taken already"));
    assert!(reply.headers.contains_key("grpc-status-details-bin"));
    assert_eq!(running.requests(Outcome::Busy), 1);
}

#[tokio::test]
async fn the_senders_own_deadline_is_kept_and_nothing_is_taken_after_it() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    let reply = client.send(TRACES, &[("grpc-timeout", "1n")], frame(0, &samples::good_of(3 << 20))).await;
    failed(&reply, DEADLINE_EXCEEDED);
    failed(&client.send(TRACES, &[("grpc-timeout", "soon")], frame(0, b"")).await, INVALID_ARGUMENT);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(running.consumer.rows(), 0);
    let reply = client.send(TRACES, &[("grpc-timeout", "10S")], frame(0, &samples::good())).await;
    assert_eq!(message(&reply), Bytes::new());
    assert_eq!(running.requests(Outcome::TimedOut), 1);
}

#[tokio::test]
async fn many_calls_at_once_on_one_connection_are_all_answered() {
    let running = Running::grpc(|_| ()).await;
    let client = Grpc::connect(running.address).await;
    // As many as one connection may have being taken at once.
    let calls = (0..32).map(|_| {
        let mut client = client.clone();
        tokio::spawn(async move { client.call_gzip(TRACES, &samples::good_of(100_000)).await.grpc_status() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), OK);
    }
    assert_eq!(running.consumer.rows(), 32);
}
