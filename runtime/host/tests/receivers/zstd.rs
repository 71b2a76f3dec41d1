//! Bodies in Zstandard, good and bad. What the decoder itself does is tested beside it.

use http::StatusCode;
use prost::Message;
use spangate::receiver::Outcome;

use crate::{
    client::{Grpc, Http1, JSON, PROTOBUF, TRACES, frame},
    fake::Running,
    samples::{self, zstd, zstd_bomb},
};

const ZSTD: (&str, &str) = ("content-encoding", "zstd");
const GRPC_ZSTD: (&str, &str) = ("grpc-encoding", "zstd");

#[tokio::test]
async fn zstd_is_taken_by_both_receivers() {
    let (http, grpc) = (Running::http(|_| ()).await, Running::grpc(|_| ()).await);
    let request = samples::every_field().encode_to_vec();
    let mut client = Http1::connect(http.address).await;
    let reply = client.post("/v1/traces", &[PROTOBUF, ZSTD], zstd(&request)).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let reply =
        client.post("/v1/traces", &[JSON, ("content-encoding", "ZSTD")], zstd(br#"{"resourceSpans":[]}"#)).await;
    assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, "{}"));
    assert_eq!(http.consumer.bytes(), std::slice::from_ref(&request));
    let mut client = Grpc::connect(grpc.address).await;
    assert_eq!(client.send(TRACES, &[GRPC_ZSTD], frame(1, &zstd(&request))).await.grpc_status(), 0);
    // Named, but not used for this message.
    assert_eq!(client.send(TRACES, &[GRPC_ZSTD], frame(0, &request)).await.grpc_status(), 0);
    assert_eq!(grpc.consumer.bytes(), [request.clone(), request]);
}

#[tokio::test]
async fn a_zstd_bomb_and_a_huge_window_are_413() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let bomb = zstd_bomb(4096, 17);
    assert!(bomb.len() < 132 << 10);
    for (what, body) in [("bomb", bomb), ("window of 2 GiB", zstd_bomb(1, 31)), ("window of 16 MiB", zstd_bomb(1, 24))]
    {
        let reply = client.post("/v1/traces", &[PROTOBUF, ZSTD], body).await;
        assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{what}: {}", reply.text());
        client.still_works().await;
    }
    let grpc = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(grpc.address).await;
    let reply = client.send(TRACES, &[GRPC_ZSTD], frame(1, &zstd_bomb(64, 17))).await;
    assert_eq!((reply.grpc_status(), reply.header("grpc-status-details-bin")), (8, ""));
    assert_eq!((running.requests(Outcome::TooLarge), grpc.requests(Outcome::TooLarge)), (3, 1));
}

#[tokio::test]
async fn damaged_zstd_is_400_and_several_frames_are_one_body() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let request = samples::good();
    let (first, second) = request.split_at(10);
    let frames = [zstd(first), zstd(second)].concat();
    assert_eq!(client.post("/v1/traces", &[PROTOBUF, ZSTD], frames.clone()).await.status, StatusCode::OK);
    assert_eq!(running.consumer.bytes(), std::slice::from_ref(&request));
    let garbage = [&frames[..], b"garbage"].concat();
    for body in [&frames[..frames.len() - 1], &garbage, &samples::gzip(&request), &request, b""] {
        let reply = client.post("/v1/traces", &[JSON, ZSTD], body.to_vec()).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text());
        assert!(reply.text().contains("not valid zstd"), "{}", reply.text());
    }
    client.still_works().await;
}
