//! What all requests of one receiver may hold together.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::StatusCode;
use spangate::receiver::Outcome;
use tokio::io::AsyncWriteExt;

use crate::{
    client::{GZIP, Grpc, Http1, PROTOBUF, Raw, TRACES},
    connections::{headers, http2_frame},
    fake::{Running, eventually},
    samples::{self, gzip, zstd_bomb},
};

const HEAD: &str =
    "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\nconnection: close\r\n";

/// A request of `bytes` bytes of which all but the last have arrived.
async fn almost_sent(running: &Running, bytes: usize) -> (Raw, Vec<u8>) {
    let before = running.stats.bytes_received.get();
    let body = samples::good_of(bytes);
    let mut raw = Raw::connect(running.address).await;
    raw.write(format!("{HEAD}content-length: {bytes}\r\n\r\n")).await;
    raw.write(&body[..bytes - 1]).await;
    let expected = before + bytes as u64 - 1;
    eventually("all but the last byte is there", || running.stats.bytes_received.get() == expected).await;
    (raw, body[bytes - 1..].to_vec())
}

#[tokio::test]
async fn requests_beyond_the_budget_are_429_and_those_that_hold_it_are_taken() {
    let running = Running::http(|config| {
        config.max_request_bytes = 100_000;
        config.max_inflight_bytes = 300_000;
    })
    .await;
    let mut held = vec![];
    for _ in 0..3 {
        held.push(almost_sent(&running, 95_000).await);
    }
    let mut client = Http1::connect(running.address).await;
    client.still_works().await;
    let reply = client.traces(samples::good_of(90_000)).await;
    assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert!(String::from_utf8_lossy(&reply.body).contains("hold 300000 bytes, which is all they may"), "{reply:?}");
    for (mut raw, last) in held {
        raw.write(&last).await;
        assert!(raw.read_to_end().await.starts_with("HTTP/1.1 200 "));
    }
    assert_eq!(client.traces(samples::good_of(90_000)).await.status, StatusCode::OK);
    assert_eq!((running.requests(Outcome::Busy), running.requests(Outcome::Accepted)), (1, 5));
}

#[tokio::test]
async fn what_comes_out_of_decompression_is_charged_too() {
    let running = Running::http(|config| {
        config.max_request_bytes = 1 << 20;
        config.max_inflight_bytes = 3 << 20;
    })
    .await;
    let held = [almost_sent(&running, 1 << 20).await, almost_sent(&running, 1 << 20).await];
    let mut client = Http1::connect(running.address).await;
    let request = samples::good_of(1 << 20);
    assert!(gzip(&request).len() < 10_000);
    for (encoding, body) in [(GZIP, gzip(&request)), (("content-encoding", "zstd"), zstd_bomb(1, 17))] {
        let reply = client.post("/v1/traces", &[PROTOBUF, encoding], body).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{encoding:?}");
    }
    // Senders that go away give back what they held.
    drop(held);
    eventually("they are gone", || running.requests(Outcome::Disconnected) == 2).await;
    assert_eq!(client.post("/v1/traces", &[PROTOBUF, GZIP], gzip(&request)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn announcing_much_takes_nothing_from_others() {
    let running = Running::http(|config| {
        config.max_request_bytes = 1 << 20;
        config.max_inflight_bytes = 3 << 20;
    })
    .await;
    let mut announced = vec![];
    for number in 1..=30 {
        let mut raw = Raw::connect(running.address).await;
        raw.write(format!("{HEAD}content-length: {}\r\n\r\nx", 1 << 20)).await;
        eventually("it has begun", || running.stats.bytes_received.get() == number).await;
        announced.push(raw);
    }
    let mut client = Http1::connect(running.address).await;
    assert_eq!(client.traces(samples::good_of(1 << 20)).await.status, StatusCode::OK);
    for mut raw in announced {
        let _ = raw.0.shutdown().await;
    }
}

#[tokio::test]
async fn a_call_beyond_the_budget_is_resource_exhausted_and_says_when_to_try_again() {
    let running = Running::grpc(|config| {
        config.max_request_bytes = 40_000;
        config.max_inflight_bytes = 60_000;
    })
    .await;
    // Two calls of which a part has come: together less than the window that HTTP/2 begins with.
    let mut held = Raw::connect(running.address).await;
    let data = |stream| http2_frame(0x0, 0, stream, &[0; 16_384]);
    let call = |stream| http2_frame(0x1, 0x4, stream, &headers());
    held.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    held.write([http2_frame(0x4, 0, 0, &[]), call(1), data(1), data(1), call(3), data(3)].concat()).await;
    eventually("both have begun", || running.stats.bytes_received.get() == 3 * 16_384).await;
    let mut client = Grpc::connect(running.address).await;
    let reply = client.call(TRACES, &samples::good_of(20_000)).await;
    assert_eq!(reply.grpc_status(), 8);
    // google.rpc.Status with RetryInfo: what makes RESOURCE_EXHAUSTED one that may be sent again.
    let details = STANDARD_NO_PAD.decode(reply.header("grpc-status-details-bin")).unwrap();
    assert!(String::from_utf8_lossy(&details).contains("google.rpc.RetryInfo"));
    client.still_works().await;
    drop(held);
    eventually("both are gone", || running.requests(Outcome::Disconnected) == 2).await;
    assert_eq!(client.call(TRACES, &samples::good_of(20_000)).await.grpc_status(), 0);
    assert_eq!(running.requests(Outcome::Busy), 1);
}
