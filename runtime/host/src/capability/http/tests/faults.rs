//! Backends and networks that fail: each request ends with an error of its own kind, gives its place back, and the next one
//! goes through once the fault is mended.

use std::time::Duration;

use super::{server::*, *};

const FINE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const ENDLESS: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";

/// More than the buffers of a connection take.
const LARGE: usize = 12 << 20;

/// How a request ends that has `timeout` and a large body or none.
async fn end_of(script: Script, body: usize, timeout: Duration) -> HttpError {
    let server = Raw::start(script).await;
    let mut ctx = instance(grant(&[&server.url("")], |grant| {
        (grant.timeout, grant.max_in_flight) = (timeout, 1);
    }));
    let body = vec![b'x'; body];
    let error = ctx.send(post(server.url("/"), &body)).await.unwrap_err();
    all_ended(&ctx.client).await;
    server.play(Script::Answer(FINE.into()));
    // With all the time there is: only the fault itself could stop it now.
    let mut ctx = instance_for(server.address);
    assert_eq!(ctx.send(post(server.url("/"), b"x")).await.unwrap().status, 200);
    error
}

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_is_never_answered_ends_at_its_deadline() {
    for script in [Script::Blackhole, Script::Hang] {
        assert_eq!(end_of(script.clone(), 0, SHORT).await, HttpError::Timeout);
        assert_eq!(end_of(script, LARGE, SHORT).await, HttpError::Timeout);
    }
}

#[tokio::test]
async fn a_byte_now_and_then_in_either_direction_ends_at_the_deadline_of_the_whole() {
    assert_eq!(end_of(Script::Sip, LARGE, SHORT).await, HttpError::Timeout);
    assert_eq!(end_of(Script::Trickle(ENDLESS.into()), 1, SHORT).await, HttpError::Timeout);
    assert_eq!(end_of(Script::Trickle(b"HTTP/1.1 200 OK\r\nx-slow: ".to_vec()), 1, SHORT).await, HttpError::Timeout);
}

#[tokio::test]
async fn a_connection_that_is_reset_is_broken_in_the_request_and_in_the_response() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec();
    for (script, body) in [
        (Script::ResetRequest, 1),
        (Script::ResetRequest, LARGE),
        (Script::ResetAnswer(half.clone()), 1),
        (Script::ResetAnswer(half), LARGE),
    ] {
        let error = end_of(script, body, LONG).await;
        assert!(matches!(error, HttpError::Broken(_)), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_closes_once_the_backend_has_everything_is_broken_and_not_repeated() {
    let server = Raw::start(Script::AnswerAndClose(Vec::new())).await;
    let mut ctx = instance_for(server.address);
    let error = ctx.send(post(server.url("/"), b"x")).await.unwrap_err();
    assert!(matches!(error, HttpError::Broken(_)), "{error}");
    // Whether it is sent again is for whoever knows the batch's id.
    assert_eq!(server.received().len(), 1);
    all_ended(&ctx.client).await;
}

#[tokio::test]
async fn a_connection_that_went_dead_while_it_was_idle_costs_one_request_and_is_not_used_again() {
    let server = Raw::start(Script::AnswerOnce(FINE.into())).await;
    let mut ctx = instance(grant(&[&server.url("")], |grant| grant.max_in_flight = 1));
    let mut request = post(server.url("/"), b"x");
    assert_eq!(ctx.send(request.clone()).await.unwrap().status, 200);
    request.timeout = Some(SHORT);
    assert_eq!(ctx.send(request.clone()).await, Err(HttpError::Timeout));
    all_ended(&ctx.client).await;
    request.timeout = None;
    assert_eq!(ctx.send(request).await.unwrap().status, 200);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn n14_no_local_port_or_address_to_be_had_is_an_error_of_the_connection() {
    let server = Raw::start(Script::Answer(FINE.into())).await;
    let listed = grant(&[&server.url("")], |grant| grant.max_in_flight = 1);
    // An address that no machine has to call from (RFC 5737) fails where the last local port fails, and in the same way.
    let source = "192.0.2.1".parse().unwrap();
    let mut ctx = instance_of(HttpClient::calling_from(listed, Handle::current(), source));
    for http2 in [false, true] {
        match ctx.send(Request { http2, ..post(server.url("/"), b"x") }).await {
            Err(HttpError::Connect(why)) => assert!(why.contains("os error 99"), "{why}"),
            other => panic!("{other:?}"),
        }
        all_ended(&ctx.client).await;
    }
    assert_eq!(server.connections(), 0);
}
