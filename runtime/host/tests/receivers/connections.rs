use std::{net::SocketAddr, time::Duration};

use spangate::{
    config,
    receiver::{BindError, Outcome},
};

use crate::{
    client::{Grpc, Http1, Raw, TRACES},
    fake::{FakeConsumer, Lines, Running, eventually},
    samples,
};

const HEAD: &str = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n";

fn impatient(config: &mut config::Receiver) {
    config.read_timeout = Duration::from_millis(200);
}

#[tokio::test]
async fn i22_a_connection_that_sends_no_whole_request_is_closed() {
    let running = Running::http(impatient).await;
    let mut healthy = Http1::connect(running.address).await;
    healthy.still_works().await;
    let mut waiting = vec![];
    // Nothing at all; one byte of what may become HTTP/2; half of a head; an HTTP/2 handshake that stops.
    for begun in ["", "P", "POST /v1/traces HTTP/1.1\r\nhost:", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut raw = Raw::connect(running.address).await;
        raw.write(begun).await;
        waiting.push(raw);
    }
    for mut raw in waiting {
        raw.read_to_end().await;
    }
    assert_eq!(running.stats.connections.timed_out.get(), 4);
    healthy.still_works().await;
    eventually("only the healthy connection is left", || running.stats.connections.open() == 1).await;
}

#[tokio::test]
async fn i22_headers_that_drip_are_closed_too() {
    let running = Running::http(impatient).await;
    let mut raw = Raw::connect(running.address).await;
    raw.write("POST /v1/traces HTTP/1.1\r\nhost: x\r\n").await;
    let dripping = async {
        // Each line comes well within the timeout; all of them together do not.
        for number in 0.. {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let line = format!("x-{number}: y\r\n");
            if tokio::io::AsyncWriteExt::write_all(&mut raw.0, line.as_bytes()).await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), dripping).await.expect("closed");
    assert_eq!(running.stats.connections.timed_out.get(), 1);
}

#[tokio::test]
async fn i22_a_body_that_stops_or_drips_is_408() {
    let running = Running::http(impatient).await;
    let mut stopping = Raw::connect(running.address).await;
    stopping.write(format!("{HEAD}content-length: 100\r\n\r\nabc")).await;
    let answer = stopping.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("after 3 bytes"), "{answer}");

    let mut dripping = Raw::connect(running.address).await;
    dripping.write(format!("{HEAD}content-length: 100000\r\n\r\n")).await;
    let drip = async {
        while tokio::io::AsyncWriteExt::write_all(&mut dripping.0, b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), drip).await.expect("closed");
    assert_eq!(running.requests(Outcome::TimedOut), 2);
    Http1::connect(running.address).await.still_works().await;
}

#[tokio::test]
async fn a_connection_may_be_idle_between_requests_for_longer_than_the_read_timeout() {
    let running = Running::http(impatient).await;
    let grpc = Running::grpc(impatient).await;
    let (mut client, mut grpc_client) = (Http1::connect(running.address).await, Grpc::connect(grpc.address).await);
    client.still_works().await;
    grpc_client.still_works().await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    client.still_works().await;
    grpc_client.still_works().await;
}

#[tokio::test]
async fn i22_idle_connections_beyond_the_cap_lock_nobody_out() {
    let running = Running::http(|config| config.max_connections = 8).await;
    let mut idle = vec![];
    for _ in 0..100 {
        idle.push(Raw::connect(running.address).await);
    }
    let mut healthy = Http1::connect(running.address).await;
    healthy.still_works().await;
    assert!(running.stats.connections.evicted.get() >= 92, "{:?}", running.stats.connections);
    eventually("the cap holds again", || running.stats.connections.open() <= 8).await;
}

#[tokio::test]
async fn connections_beyond_the_cap_are_refused_while_all_are_busy() {
    let running = Running::http(|config| config.max_connections = 2).await;
    let mut busy = vec![];
    for _ in 0..2 {
        let mut raw = Raw::connect(running.address).await;
        raw.write(format!("{HEAD}connection: close\r\ncontent-length: {}\r\n\r\n", samples::good().len())).await;
        raw.write(&samples::good()[..1]).await;
        busy.push(raw);
    }
    eventually("both are busy", || running.stats.bytes_received.get() == 2).await;
    let mut refused = Raw::connect(running.address).await;
    assert_eq!(refused.read_to_end().await, "");
    assert_eq!(running.stats.connections.refused.get(), 1);
    for mut raw in busy {
        raw.write(&samples::good()[1..]).await;
        assert!(raw.read_to_end().await.starts_with("HTTP/1.1 200 "));
    }
    Http1::connect(running.address).await.still_works().await;
}

#[tokio::test]
async fn a_sender_that_goes_away_is_counted_and_its_slot_is_free_again() {
    let running = Running::http(|config| config.max_concurrent_requests = 1).await;
    let mut raw = Raw::connect(running.address).await;
    raw.write(format!("{HEAD}content-length: 100\r\n\r\nabc")).await;
    eventually("its body has begun", || running.stats.bytes_received.get() == 3).await;
    drop(raw);
    eventually("it is counted", || running.requests(Outcome::Disconnected) == 1).await;
    Http1::connect(running.address).await.still_works().await;
}

#[tokio::test]
async fn who_expects_100_continue_is_refused_before_sending_the_body() {
    let running = Running::http(|_| ()).await;
    let head =
        format!("{HEAD}expect: 100-continue\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", samples::good().len());
    *running.consumer.full.lock().unwrap() = Some(crate::fake::refusal());
    let mut raw = Raw::connect(running.address).await;
    raw.write(&head).await;
    assert!(raw.read_to_end().await.starts_with("HTTP/1.1 429 "));
    *running.consumer.full.lock().unwrap() = None;
    let mut raw = Raw::connect(running.address).await;
    raw.write(&head).await;
    let mut line = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut raw.0, &mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
    raw.write(samples::good()).await;
    assert!(raw.read_to_end().await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_broken_transfer_coding_is_400() {
    let running = Running::http(|_| ()).await;
    let mut raw = Raw::connect(running.address).await;
    raw.write(format!("{HEAD}transfer-encoding: chunked\r\n\r\nnot a size\r\n")).await;
    assert!(raw.read_to_end().await.starts_with("HTTP/1.1 400 "));
    assert_eq!(running.requests(Outcome::Malformed), 1);
    Http1::connect(running.address).await.still_works().await;
}

#[tokio::test]
async fn i24_floods_of_http2_frames_disturb_nobody_else() {
    let running = Running::grpc(|_| ()).await;
    let mut healthy = Grpc::connect(running.address).await;
    for flood in [rapid_reset(), frames(0x6, 0, 0, &[0; 8]), frames(0x4, 0, 0, &[]), continuations(), empty_data()] {
        let mut raw = Raw::connect(running.address).await;
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        hello.extend(http2_frame(0x4, 0, 0, &[]));
        raw.write(hello).await;
        // The other side may close while this is written: that is one of the good ends.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut raw.0, &flood).await;
        healthy.still_works().await;
    }
    eventually("only the healthy connection is left", || running.stats.connections.open() == 1).await;
    assert_eq!(running.consumer.rows(), 5);
    // Ten thousand were begun and reset, and one each without an end: nearly nobody was served.
    let begun: u64 = Outcome::ALL.iter().map(|outcome| running.requests(*outcome)).sum();
    assert!(begun < 1_000, "{begun} requests");
}

pub(crate) fn http2_frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Many times the same frame.
pub(crate) fn frames(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    http2_frame(kind, flags, stream, payload).repeat(10_000)
}

/// Header block of a call: method, scheme and path without indexing.
pub(crate) fn headers() -> Vec<u8> {
    let path = [&[0x04, TRACES.len() as u8], TRACES.as_bytes()].concat();
    let kind = [&[0x0f, 0x10, 16], &b"application/grpc"[..]].concat();
    [&[0x83, 0x86][..], &path, &kind].concat()
}

pub(crate) fn rapid_reset() -> Vec<u8> {
    let stream =
        |number| [http2_frame(0x1, 0x4, number, &headers()), http2_frame(0x3, 0, number, &[0, 0, 0, 8])].concat();
    (0..10_000).flat_map(|index| stream(2 * index + 1)).collect()
}

pub(crate) fn continuations() -> Vec<u8> {
    [http2_frame(0x1, 0, 1, &headers()), frames(0x9, 0, 1, &[0x00, 1, b'a', 1, b'b'])].concat()
}

fn empty_data() -> Vec<u8> {
    [http2_frame(0x1, 0x4, 1, &headers()), frames(0x0, 0, 1, &[])].concat()
}

#[tokio::test]
async fn i25_tls_on_a_plain_port_ends_that_connection_and_no_other() {
    let running = Running::http(|_| ()).await;
    let mut raw = Raw::connect(running.address).await;
    raw.write([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0, b'\r', b'\n', b'\r', b'\n']).await;
    raw.read_to_end().await;
    Http1::connect(running.address).await.still_works().await;
}

#[tokio::test]
async fn stopping_closes_the_port_finishes_what_has_begun_and_leaves_idle_connections() {
    let running = Running::http(|_| ()).await;
    let address = running.address;
    let mut idle = Http1::connect(address).await;
    idle.still_works().await;
    let mut begun = Raw::connect(address).await;
    let body = samples::good();
    begun.write(format!("{HEAD}content-length: {}\r\n\r\n", body.len())).await;
    begun.write(&body[..4]).await;
    eventually("it has begun", || running.stats.bytes_received.get() == body.len() as u64 + 4).await;
    let stopping = tokio::spawn(running.receiver.stop(Duration::from_secs(10)));
    let wait = async { while tokio::net::TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the port is closed");
    begun.write(&body[4..]).await;
    assert!(begun.read_to_end().await.starts_with("HTTP/1.1 200 "));
    assert_eq!(stopping.await.unwrap(), 0);
    assert_eq!(running.consumer.rows(), 2);
}

#[tokio::test]
async fn stopping_cuts_what_is_not_done_by_the_deadline() {
    let running = Running::http(|_| ()).await;
    let mut begun = Raw::connect(running.address).await;
    begun.write(format!("{HEAD}content-length: 100\r\n\r\nabc")).await;
    eventually("it has begun", || running.stats.bytes_received.get() == 3).await;
    assert_eq!(running.receiver.stop(Duration::from_millis(50)).await, 1);
    assert_eq!(begun.read_to_end().await, "");
    eventually("nothing is left", || running.stats.connections.open() == 0).await;
}

#[tokio::test]
async fn stopping_lets_http2_calls_finish() {
    let running = Running::grpc(|_| ()).await;
    let mut client = Grpc::connect(running.address).await;
    client.still_works().await;
    assert_eq!(running.receiver.stop(Duration::from_secs(10)).await, 0);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let running = Running::http(|_| ()).await;
    let mut config = config::Receiver::otlp_http();
    config.listen = running.address;
    let log = spangate::telemetry::Log::new(std::sync::Arc::new(Lines::default()));
    let consumer = std::sync::Arc::new(FakeConsumer::default());
    let error = spangate::receiver::start_otlp_http(config, consumer, log, Default::default()).await.unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }));
    let expected = format!(
        "address already in use: {}; stop the other process or change [receivers.otlp_http] listen",
        running.address
    );
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_address_of_another_machine_is_named_too() {
    let mut config = config::Receiver::otlp_grpc();
    config.listen = SocketAddr::from(([192, 0, 2, 1], 4317));
    config.insecure = true;
    let log = spangate::telemetry::Log::new(std::sync::Arc::new(Lines::default()));
    let consumer = std::sync::Arc::new(FakeConsumer::default());
    let error = spangate::receiver::start_otlp_grpc(config, consumer, log, Default::default()).await.unwrap_err();
    assert!(
        error.to_string().starts_with("cannot listen on 192.0.2.1:4317 ([receivers.otlp_grpc] listen): "),
        "{error}"
    );
}
