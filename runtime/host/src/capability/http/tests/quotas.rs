//! How much may be sent, at the edges. The rates themselves are tested where they are counted.

use std::time::Duration;

use super::{server::*, *};
use crate::telemetry::{Log, SparingLog, Sparingly, test_sink::Lines};

fn is_over(error: Option<HttpError>, key: &str) -> bool {
    matches!(error, Some(HttpError::OverQuota(why)) if why.contains(key))
}

fn client_of(edit: impl FnOnce(&mut config::HttpGrant)) -> Arc<HttpClient> {
    HttpClient::with_lookup(grant(&["http://127.0.0.1:1"], edit), Handle::current(), Arc::new(SystemLookup))
}

#[tokio::test]
async fn requests_are_in_flight_up_to_the_limit_and_a_place_that_is_left_is_free() {
    let (client, now) = (client_of(|grant| grant.max_in_flight = 2), Instant::now());
    let first = client.account().admit(0, now).unwrap();
    let _second = client.account().admit(0, now).unwrap();
    assert!(is_over(client.account().admit(0, now).err(), "2 requests in flight (max_in_flight)"));
    assert_eq!(client.usage().in_flight, 2);
    drop(first);
    assert_eq!(client.usage().in_flight, 1);
    let _third = client.account().admit(0, now).unwrap();
    assert!(is_over(client.account().admit(0, now).err(), "max_in_flight"));
}

#[tokio::test]
async fn requests_and_bytes_of_a_second_are_refused_by_the_key_that_limits_them() {
    let now = Instant::now();
    let client = client_of(|grant| grant.max_requests_per_second = 3);
    for _ in 0..3 {
        drop(client.account().admit(0, now).unwrap());
    }
    assert!(is_over(client.account().admit(0, now).err(), "3 requests in one second (max_requests_per_second)"));
    drop(client.account().admit(0, now + Duration::from_secs(1)).unwrap());

    let client = client_of(|grant| (grant.max_bytes_per_second, grant.max_request_bytes) = (2_000, 100));
    assert!(is_over(client.account().admit(2_001, now).err(), "2000 bytes in one second (max_bytes_per_second)"));
    drop(client.account().admit(1_999, now).unwrap());
    drop(client.account().admit(1, now).unwrap());
    assert!(is_over(client.account().admit(1, now).err(), "max_bytes_per_second"));
    assert_eq!(client.usage().in_flight, 0, "who is refused keeps no place");
}

/// Uses the quota up for an hour: its clock is ahead.
fn exhaust(client: &HttpClient, bytes: usize) {
    let later = Instant::now() + Duration::from_secs(3_600);
    while client.account().admit(bytes, later).is_ok() {}
}

#[tokio::test]
async fn a_guest_over_its_quota_is_refused_at_once_counted_and_nothing_is_sent() {
    let server = Raw::answering("", "").await;
    for (bytes, key) in [(0, "max_requests_per_second"), (1 << 20, "max_bytes_per_second")] {
        let mut ctx = instance_for(server.address);
        exhaust(&ctx.client, bytes);
        let error = ctx.send(post(server.url("/"), &[b'x'; 1 << 20])).await.err();
        assert!(is_over(error.clone(), key), "{error:?}");
        let usage = ctx.client.usage();
        assert_eq!((usage.requests, usage.over_quota, usage.in_flight), (0, 1, 0));
        // An instance that is made after a crash has no quota of its own.
        assert!(is_over(
            instance_of(Arc::clone(&ctx.client)).send(post(server.url("/"), &[b'x'; 1 << 20])).await.err(),
            key
        ));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_is_refused_for_another_reason_costs_no_quota() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance(grant(&[&server.url("")], |grant| {
        (grant.max_requests_per_second, grant.max_requests_per_batch) = (1, 1);
    }));
    for _ in 0..3 {
        assert!(matches!(ctx.send(post("http://127.0.0.1:1/", b"")).await, Err(HttpError::Denied(_))));
    }
    assert_eq!(ctx.send(post(server.url("/"), b"")).await.unwrap().status, 200);
    assert!(is_over(ctx.send(post(server.url("/"), b"")).await.err(), "max_requests_per_batch"));
}

#[tokio::test]
async fn a_response_counts_against_the_bytes_of_a_second() {
    let server = Raw::answering("", &"r".repeat(5_000)).await;
    let mut ctx = instance(grant(&[&server.url("")], |grant| {
        (grant.max_bytes_per_second, grant.max_request_bytes) = (1, 4_000);
    }));
    assert_eq!(ctx.send(post(server.url("/"), b"")).await.unwrap().body.len(), 5_000);
    // A thousand bytes are owed now, at one a second.
    assert!(is_over(ctx.send(post(server.url("/"), b"")).await.err(), "max_bytes_per_second"));
}

#[tokio::test]
async fn a_request_keeps_its_place_in_flight_until_it_has_really_ended() {
    let server = Raw::start(Script::Hang).await;
    let mut ctx = instance(grant(&[&server.url("")], |grant| grant.max_in_flight = 1));
    let client = Arc::clone(&ctx.client);
    let sending = ctx.send(post(server.url("/"), b"x"));
    tokio::select! {
        answer = sending => panic!("{answer:?}"),
        () = server.got_one() => assert_eq!(client.usage().in_flight, 1),
    }
    // Given up above: the place is free once the task is gone.
    all_ended(&client).await;
}

#[tokio::test]
async fn each_instance_finds_its_connection_again() {
    const ROUNDS: usize = 10;
    let server = Raw::answering("", "").await;
    let grant = grant(&[&server.url("")], |grant| (grant.max_in_flight, grant.max_requests_per_batch) = (1, ROUNDS));
    let host_log = SparingLog::new("x", Sparingly::ON_EXPORTER, Log::new(Arc::new(Lines::default())));
    let client = HttpClient::new(grant, 2, Handle::current(), Arc::new(host_log));
    let [mut one, mut other] = [Arc::clone(&client), client].map(instance_of);
    for _ in 0..ROUNDS {
        let (one, other) = tokio::join!(one.send(post(server.url("/"), b"x")), other.send(post(server.url("/"), b"x")));
        assert!(one.is_ok() && other.is_ok());
        // A connection is idle a moment after its answer was read.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(server.connections() < ROUNDS / 2, "{} connections for two instances", server.connections());
}
