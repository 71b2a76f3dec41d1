//! What a slow, endless or dying server gets.

use std::time::Duration;

use super::{server::*, *};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n";
const ENDLESS: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";

#[tokio::test]
async fn a_server_that_never_answers_costs_the_guests_timeout_and_its_connection_is_closed() {
    let server = Raw::start(Script::Hang).await;
    let mut ctx = instance_for(server.address);
    let mut request = post(server.url("/"), b"x");
    request.timeout = Some(Duration::from_millis(30));
    assert_eq!(ctx.send(request).await, Err(HttpError::Timeout));
    server.lost_one().await;
}

#[tokio::test]
async fn a_trickling_server_meets_the_total_deadline_of_the_grant() {
    for script in [Script::Trickle(ENDLESS.into()), Script::Trickle(HEAD.into())] {
        let server = Raw::start(script).await;
        let short = grant(&[&server.url("")], |grant| grant.timeout = Duration::from_millis(50));
        let mut request = post(server.url("/"), b"x");
        request.timeout = Some(Duration::from_secs(3600));
        assert_eq!(instance(short).send(request).await, Err(HttpError::Timeout));
        server.lost_one().await;
    }
}

#[tokio::test]
async fn what_is_left_of_the_call_bounds_a_request() {
    let server = Raw::start(Script::Hang).await;
    let mut ctx = instance_for(server.address);
    ctx.begin_call(Some(CallClock::start(Duration::from_millis(30))));
    assert_eq!(ctx.send(post(server.url("/"), b"x")).await, Err(HttpError::Timeout));
    server.lost_one().await;
}

#[tokio::test]
async fn while_a_calls_clock_stands_still_its_requests_lose_no_time() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance_for(server.address);
    let clock = CallClock::start(Duration::ZERO);
    ctx.begin_call(Some(Arc::clone(&clock)));
    assert_eq!(ctx.send(post(server.url("/"), b"x")).await, Err(HttpError::Timeout));
    // As long as a throttled call may have waited for CPU time.
    clock.stand(Duration::from_secs(60));
    ctx.send(post(server.url("/"), b"x")).await.unwrap();
}

#[tokio::test]
async fn giving_a_request_up_closes_its_connection() {
    let server = Raw::start(Script::Hang).await;
    let mut ctx = instance_for(server.address);
    let request = post(server.url("/"), b"x");
    tokio::select! {
        answer = ctx.send(request) => panic!("{answer:?}"),
        () = server.got_one() => {}
    }
    server.lost_one().await;
}

#[tokio::test]
async fn an_endless_response_is_cut_at_the_cap() {
    for head in [ENDLESS, b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"] {
        let server = Raw::start(Script::Flood(head.into())).await;
        let capped = grant(&[&server.url("")], |grant| grant.max_response_bytes = 100_000);
        let mut ctx = instance(capped);
        assert_eq!(ctx.send(post(server.url("/"), b"x")).await, Err(HttpError::ResponseTooLarge));
        let read = counted(&ctx)[3];
        assert!((100_000..2_000_000).contains(&read), "{read}");
        server.lost_one().await;
    }
}

#[tokio::test]
async fn what_is_read_is_work_for_the_call_whether_it_is_kept_or_cut() {
    for (length, is_kept) in [(0, true), (999, true), (1_000, true), (1_001, false), (100_000, false)] {
        let server = Raw::answering("", &"r".repeat(length)).await;
        let capped = grant(&[&server.url("")], |grant| grant.max_response_bytes = 1_000);
        let (mut ctx, clock) = (instance(capped), CallClock::start(Duration::from_secs(60)));
        ctx.begin_call(Some(Arc::clone(&clock)));
        assert_eq!(ctx.send(post(server.url("/"), b"x")).await.is_ok(), is_kept, "{length}");
        let read = counted(&ctx)[3];
        let all = length as u64;
        assert!(if is_kept { read == all } else { (1_001..=all).contains(&read) }, "{read} of {length}");
        assert_eq!(clock.worked(), Duration::from_nanos(read));
        assert_eq!((ctx.unpaid_fuel(), ctx.unpaid_fuel()), (10 * read, 0), "it is paid once");
    }
}

#[tokio::test]
async fn the_cap_itself_is_allowed_for_requests_and_responses() {
    let server = Raw::answering("", &"r".repeat(1_000)).await;
    let capped = grant(&[&server.url("")], |grant| {
        grant.max_response_bytes = 1_000;
        grant.max_request_bytes = 500;
    });
    let mut ctx = instance(capped);
    assert_eq!(ctx.send(post(server.url("/"), &[b'q'; 500])).await.unwrap().body.len(), 1_000);
    let too_large = ctx.send(post(server.url("/"), &[b'q'; 501])).await;
    assert!(matches!(too_large, Err(HttpError::InvalidRequest(why)) if why.contains("max_request_bytes")));
    assert_eq!(counted(&ctx), [1, 0, 500, 1_000]);

    let server = Raw::answering("", &"r".repeat(1_001)).await;
    let capped = grant(&[&server.url("")], |grant| grant.max_response_bytes = 1_000);
    assert_eq!(instance(capped).send(post(server.url("/"), b"")).await, Err(HttpError::ResponseTooLarge));
}

#[tokio::test]
async fn endless_response_headers_are_cut() {
    let line = format!("x-a: {}\r\n", "v".repeat(1_000));
    let server = Raw::answering(&line.repeat(70), "").await;
    let error = instance_for(server.address).send(post(server.url("/"), b"")).await.unwrap_err();
    assert_eq!(error, HttpError::ResponseTooLarge);
    let server = Raw::start(Script::Flood(b"HTTP/1.1 200 OK\r\nx-a: ".into())).await;
    let error = instance_for(server.address).send(post(server.url("/"), b"")).await.unwrap_err();
    assert!(matches!(error, HttpError::Broken(_)), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_broken_and_nothing_is_sent_twice() {
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", b"\x16\x03\x01 nonsense\r\n\r\n"] {
        let server = Raw::start(Script::AnswerAndClose(answer.into())).await;
        let error = instance_for(server.address).send(post(server.url("/"), b"x")).await.unwrap_err();
        assert!(matches!(error, HttpError::Broken(_)), "{error}");
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn requests_are_counted_per_call() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance(grant(&[&server.url("")], |grant| grant.max_requests_per_batch = 2));
    for _ in 0..2 {
        ctx.send(post(server.url("/"), b"x")).await.unwrap();
    }
    let error = ctx.send(post(server.url("/"), b"x")).await.unwrap_err();
    assert!(matches!(&error, HttpError::OverQuota(why) if why.contains("max_requests_per_batch")), "{error}");
    ctx.begin_call(None);
    ctx.send(post(server.url("/"), b"x")).await.unwrap();
    assert_eq!((server.received().len(), server.connections()), (3, 1));
}
