//! One sender that takes more than its part, and the others.

use std::time::Duration;

use spangate::receiver::Outcome;

use crate::{
    client::{Grpc, Http1, PROTOBUF, Raw},
    connections::{headers, http2_frame},
    fake::{Running, eventually},
    samples,
};

const HEAD: &str = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n";
/// What begins an HTTP/2 connection, with settings.
fn hello(settings: &[u8]) -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), http2_frame(0x4, 0, 0, settings)].concat()
}

/// A body that has begun and does not go on.
async fn stuck(running: &Running) -> Raw {
    let before = running.stats.bytes_received.get();
    let mut raw = Raw::connect(running.address).await;
    raw.write(format!("{HEAD}content-length: 100\r\n\r\nabc")).await;
    eventually("its body has begun", || running.stats.bytes_received.get() == before + 3).await;
    raw
}

/// Longer than a body may take if others wait for its slot.
async fn long() {
    tokio::time::sleep(Duration::from_millis(2_100)).await;
}

#[tokio::test]
async fn i22_one_connection_cannot_take_all_slots() {
    let running = Running::grpc(|config| config.max_concurrent_requests = 4).await;
    let mut greedy = Raw::connect(running.address).await;
    greedy.write(hello(&[])).await;
    for stream in [1, 3, 5, 7, 9] {
        greedy.write(http2_frame(0x1, 0x4, stream, &headers())).await;
        greedy.write(http2_frame(0x0, 0, stream, &[0, 0, 0])).await;
    }
    eventually("three are refused", || running.requests(Outcome::Busy) == 3).await;
    eventually("two are being read", || running.stats.bytes_received.get() >= 6).await;
    let mut healthy = Grpc::connect(running.address).await;
    healthy.still_works().await;
    // What was refused holds nothing, and what was taken is still there.
    greedy.write(http2_frame(0x3, 0, 1, &[0, 0, 0, 8])).await;
    eventually("its slot is free again", || running.requests(Outcome::Disconnected) == 1).await;
    greedy.write(http2_frame(0x1, 0x4, 11, &headers())).await;
    greedy.write(http2_frame(0x0, 0, 11, &[0, 0, 0])).await;
    eventually("and taken again", || running.stats.bytes_received.get() >= 9 + samples::good().len() as u64).await;
    assert_eq!(running.requests(Outcome::Busy), 3);
    healthy.still_works().await;
}

#[tokio::test]
async fn i22_bodies_that_do_not_end_give_way_to_those_that_come() {
    let running = Running::http(|config| config.max_concurrent_requests = 2).await;
    let mut slow = [stuck(&running).await, stuck(&running).await];
    let mut healthy = Http1::connect(running.address).await;
    // They have just begun, as far as anybody can know.
    assert_eq!(healthy.traces(samples::good()).await.status, 503);
    long().await;
    healthy.still_works().await;
    assert_eq!(running.requests(Outcome::Busy), 2);
    let [first, second] = &mut slow;
    let answer = first.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.contains("while all slots were taken and others waited"), "{answer}");
    // Nobody else needed a slot: the other one goes on and is taken, or fails for what is in it.
    second.write("x".repeat(97)).await;
    second.write(format!("{HEAD}connection: close\r\ncontent-length: 0\r\n\r\n")).await;
    let answer = second.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn i22_calls_that_do_not_end_give_way_too_and_may_be_sent_again() {
    let running = Running::grpc(|config| config.max_concurrent_requests = 1).await;
    let mut slow = Raw::connect(running.address).await;
    slow.write(hello(&[])).await;
    slow.write(http2_frame(0x1, 0x4, 1, &headers())).await;
    slow.write(http2_frame(0x0, 0, 1, &[0, 0, 0])).await;
    eventually("its body has begun", || running.stats.bytes_received.get() == 3).await;
    long().await;
    Grpc::connect(running.address).await.still_works().await;
    let mut kinds = vec![];
    while kinds.last() != Some(&(0x1, 1)) {
        let (kind, _, stream) = slow.http2_frame().await;
        kinds.push((kind, stream));
    }
    assert_eq!(running.requests(Outcome::Busy), 1);
}

#[tokio::test]
async fn i22_connections_that_got_nowhere_give_way_to_new_ones() {
    let running = Running::http(|config| config.max_connections = 2).await;
    let mut slow = [stuck(&running).await, stuck(&running).await];
    long().await;
    let mut healthy = Http1::connect(running.address).await;
    healthy.still_works().await;
    let connections = &running.stats.connections;
    assert_eq!((connections.evicted.get(), connections.refused.get()), (1, 0));
    assert_eq!(slow[0].read_to_end().await, "");
    eventually("the cap holds again", || connections.open() == 2).await;
    slow[1].write("x".repeat(97)).await;
    eventually("the other one is answered", || running.requests(Outcome::Malformed) == 1).await;
    healthy.still_works().await;
}

#[tokio::test]
async fn i24_a_window_of_zero_holds_neither_a_slot_nor_a_place() {
    let running = Running::http(|config| {
        config.max_concurrent_requests = 2;
        config.max_connections = 2;
    })
    .await;
    // SETTINGS_INITIAL_WINDOW_SIZE = 0: no answer's body may be sent.
    let mut deaf = Raw::connect(running.address).await;
    deaf.write(hello(&[0, 4, 0, 0, 0, 0])).await;
    for stream in 0..3 {
        deaf.write(http2_frame(0x1, 0x5, 2 * stream + 1, &headers())).await;
    }
    eventually("they are answered", || running.requests(Outcome::Unsupported) == 3).await;
    let mut healthy = Grpc::connect(running.address).await;
    for _ in 0..4 {
        let reply = healthy.send("/v1/traces", &[PROTOBUF], samples::good()).await;
        assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, &b""[..]));
    }
    let mut another = Http1::connect(running.address).await;
    another.still_works().await;
    deaf.read_to_end().await;
    eventually("the cap holds again", || running.stats.connections.open() == 2).await;
    assert_eq!(running.consumer.rows(), 5);
}
