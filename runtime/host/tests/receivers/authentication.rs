//! Bearer tokens, as senders and strangers show them.

use http::StatusCode;
use spangate::{
    config::{self, BearerToken, ReceiverAuth},
    receiver::Outcome,
};

use crate::{
    client::{Grpc, Http1, JSON, PROTOBUF, Raw, TRACES, frame},
    connections::http2_frame,
    fake::Running,
    samples,
};

const TOKEN: &str = "canary-token-0123456789";

fn guarded(config: &mut config::Receiver) {
    config.auth = Some(ReceiverAuth {
        bearer_tokens: vec![BearerToken::parse(TOKEN).unwrap(), BearerToken::parse("the-next-token-00").unwrap()],
        bearer_token_file: None,
        reload_interval: ReceiverAuth::RELOAD_INTERVAL,
    });
}

/// What strangers try.
fn wrong() -> Vec<String> {
    vec![
        "Bearer wrong-token-0123456789".to_owned(),
        format!("Bearer {}", TOKEN.to_uppercase()),
        format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]),
        format!("Bearer {TOKEN}0"),
        format!("Bearer \"{TOKEN}\""),
        format!("Bearer {TOKEN} {TOKEN}"),
        format!("Bearer {TOKEN}, Bearer {TOKEN}"),
        format!("Basic {TOKEN}"),
        format!("Bearer{TOKEN}"),
        format!("Bearer\t{TOKEN}"),
        TOKEN.to_owned(),
        "Bearer".to_owned(),
        "Basic Og==".to_owned(),
        format!("Bearer {}", "x".repeat(20_000)),
    ]
}

#[tokio::test]
async fn a_request_without_a_token_is_401_and_its_body_is_not_taken() {
    let running = Running::http(guarded).await;
    let mut client = Http1::connect(running.address).await;
    let reply = client.traces(samples::good()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="otlp""#);
    let reply = client.post("/v1/traces", &[JSON], "{}").await;
    let expected = r#"{"code":16,"message":"a bearer token is needed: send the header `authorization: Bearer TOKEN`"}"#;
    assert_eq!((reply.status, reply.text().as_str()), (StatusCode::UNAUTHORIZED, expected));
    // Not even which paths there are is told to a stranger.
    for (method, path) in [("GET", "/"), ("POST", "/v1/nothing"), ("OPTIONS", "/v1/traces"), ("PUT", "/v1/traces")] {
        let reply = client.send(method, path, &[], "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    assert_eq!((running.stats.bytes_received.get(), running.consumer.rows()), (0, 0));
    assert_eq!(running.requests(Outcome::Unauthenticated), 6);
}

#[tokio::test]
async fn only_the_very_token_opens_and_each_of_them_does() {
    let running = Running::http(guarded).await;
    let mut client = Http1::connect(running.address).await;
    for value in wrong() {
        let reply = client.post("/v1/traces", &[PROTOBUF, ("authorization", &value)], samples::good()).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{value}");
        assert!(!reply.text().contains("canary"), "{}", reply.text());
    }
    let good = format!("Bearer {TOKEN}");
    let twice = [PROTOBUF, ("authorization", &good), ("authorization", &good)];
    assert_eq!(client.post("/v1/traces", &twice, samples::good()).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(running.consumer.rows(), 0);
    for value in [&good, "bearer the-next-token-00", &format!("BEARER   {TOKEN}")] {
        let reply = client.post("/v1/traces", &[PROTOBUF, ("authorization", value)], samples::good()).await;
        assert_eq!(reply.status, StatusCode::OK, "{value}");
    }
    assert_eq!(running.consumer.rows(), 3);
    let unknown = client.post("/v1/traces", &[PROTOBUF, ("authorization", "Bearer x")], "").await;
    assert_eq!(unknown.header("www-authenticate"), r#"Bearer realm="otlp", error="invalid_token""#);
}

#[tokio::test]
async fn a_call_without_a_token_is_unauthenticated() {
    let running = Running::grpc(guarded).await;
    let mut client = Grpc::connect(running.address).await;
    let reply = client.call(TRACES, &samples::good()).await;
    assert_eq!((reply.status, reply.grpc_status()), (StatusCode::OK, 16));
    assert!(reply.header("grpc-message").starts_with("a bearer token is needed"), "{reply:?}");
    assert_eq!(reply.header("grpc-status-details-bin"), "");
    assert_eq!(client.call("/no.Service/Method", &[]).await.grpc_status(), 16);
    for value in wrong() {
        let headers = [("authorization", value.as_str())];
        let reply = client.send(TRACES, &headers, frame(0, &samples::good())).await;
        assert_eq!(reply.grpc_status(), 16, "{value}");
    }
    assert_eq!((running.stats.bytes_received.get(), running.consumer.rows()), (0, 0));
    let headers = [("authorization", &*format!("Bearer {TOKEN}"))];
    assert_eq!(client.send(TRACES, &headers, frame(0, &samples::good())).await.grpc_status(), 0);
    assert_eq!(running.consumer.rows(), 1);
}

#[tokio::test]
async fn strangers_fill_no_log_and_no_token_is_in_it() {
    let running = Running::http(guarded).await;
    let mut client = Http1::connect(running.address).await;
    for _ in 0..100 {
        let header = format!("Basic {TOKEN}");
        client.post("/v1/traces", &[PROTOBUF, ("authorization", &header)], samples::good()).await;
    }
    assert_eq!(
        running.warnings(),
        [
            "Warn receiver.otlp_http: a sender was not let in: the authorization header does not read `Bearer TOKEN`, or \
          is given twice"
        ]
    );
    let everything =
        format!("{:?} {:?} {:?}", running.lines.0.lock().unwrap(), running.receiver, running.receiver.access().auth());
    assert!(!everything.contains("canary"), "{everything}");
}

#[tokio::test]
async fn a_stranger_with_a_large_body_is_answered_and_cut() {
    let running = Running::http(guarded).await;
    let mut raw = Raw::connect(running.address).await;
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n";
    raw.write(format!("{head}content-length: 20000000\r\n\r\n")).await;
    let answer = raw.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let mut late = Raw::connect(running.address).await;
    late.write(format!("{head}expect: 100-continue\r\nconnection: close\r\ncontent-length: 5\r\n\r\n")).await;
    assert!(late.read_to_end().await.starts_with("HTTP/1.1 401 "));
    assert_eq!(running.stats.bytes_received.get(), 0);
}

#[tokio::test]
async fn a_stranger_over_http2_is_answered_without_a_reset_behind_the_answer() {
    let running = Running::http(guarded).await;
    let mut raw = Raw::connect(running.address).await;
    let path = [&[0x04, 10], &b"/v1/traces"[..]].concat();
    let head = [&[0x83, 0x86][..], &path, &[0x01, 1, b'x']].concat();
    raw.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    raw.write([http2_frame(0x4, 0, 0, &[]), http2_frame(0x1, 0x4, 1, &head)].concat()).await;
    // Long enough for an answer that does not wait for the body to be on its way.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    raw.write(http2_frame(0x0, 0x1, 1, &[0; 1000])).await;
    // Frames of the stream until its end, then whatever comes before the answer to a ping.
    let mut seen = vec![];
    loop {
        let (kind, flags, stream) = raw.http2_frame().await;
        match (kind, stream) {
            (0x0 | 0x1 | 0x3, 1) => seen.push(kind),
            (0x6, 0) if flags == 1 => break,
            _ => {}
        }
        if kind == 0x0 && flags & 1 == 1 {
            raw.write(http2_frame(0x6, 0, 0, &[0; 8])).await;
        }
    }
    assert_eq!(seen, [0x1, 0x0], "headers, data and no reset");
    assert_eq!(running.requests(Outcome::Unauthenticated), 1);
}
