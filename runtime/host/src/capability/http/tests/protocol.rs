//! What goes over the wire and what comes back.

use bytes::Bytes;

use super::{server::*, *};

#[tokio::test]
async fn a_body_arrives_as_it_is_and_the_host_frames_it() {
    let server = Raw::answering("X-Answer: yes\r\n", "fine").await;
    let body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let mut request = post(server.url("/v1/traces?a=b#never"), &body);
    request.headers.push(("Content-Type".into(), "application/x-protobuf".into()));
    let mut ctx = instance_for(server.address);
    let response = ctx.send(request).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (200, &b"fine"[..]));
    assert!(response.headers.contains(&("x-answer".into(), "yes".into())));
    assert_eq!(server.first_body(), body);
    let head = server.received()[0].split_once("\r\n\r\n").unwrap().0.to_owned();
    let mut lines: Vec<&str> = head.lines().collect();
    lines[1..].sort_unstable();
    let (host, agent) =
        (format!("host: {}", server.address), concat!("user-agent: spangate/", env!("CARGO_PKG_VERSION")));
    let expected = [
        "POST /v1/traces?a=b HTTP/1.1",
        "accept: */*",
        "content-length: 300000",
        "content-type: application/x-protobuf",
        &host,
        agent,
    ];
    assert_eq!(lines, expected);
    assert_eq!(counted(&ctx), [1, 0, 300_000, 4]);
}

#[tokio::test]
async fn the_operators_headers_are_sent_win_and_are_never_shown() {
    let key = "Bearer k-0123456789";
    let echo = format!("X-Echo: {key}\r\n");
    let server = Raw::answering(&echo, "your key is k-0123456789, is it?").await;
    let keyed = grant(&[&server.url("")], |grant| {
        grant.headers.insert("Authorization".into(), config::Secret::new(key.into()));
    });
    let mut request = post(server.url("/"), b"x");
    request.headers.push(("authorization".into(), "Bearer mine".into()));
    request.headers.push(("AUTHORIZATION".into(), "Bearer mine too".into()));
    let response = instance(keyed.clone()).send(request).await.unwrap();
    assert!(server.received()[0].contains("\r\nauthorization: Bearer k-0123456789\r\n"));
    assert!(!server.received()[0].contains("mine"));
    let shown = format!("{response:?} {}", String::from_utf8_lossy(&response.body));
    assert!(!shown.contains("0123456789"), "{shown}");
    assert_eq!(response.body, b"your key is ************, is it?");
    assert!(!format!("{keyed:?}").contains("0123456789"));
}

#[tokio::test]
async fn http2_is_spoken_by_prior_knowledge_and_trailers_are_read_as_grpc_needs() {
    let server = Echo::plain().await;
    let mut request = post(format!("http://{}/", server.address), b"frame");
    request.http2 = true;
    request.headers.push(("te".into(), "trailers".into()));
    let response = instance_for(server.address).send(request).await.unwrap();
    assert_eq!(response.body, b"frame");
    assert!(response.headers.contains(&("x-version".into(), "HTTP/2.0".into())), "{:?}", response.headers);
    assert_eq!(response.trailers, [("grpc-status".to_owned(), "0".to_owned())]);
}

#[tokio::test]
async fn trailers_of_a_chunked_response_are_read_too() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: X-Sum\r\n\r\n\
                  2\r\nab\r\n3\r\ncde\r\n0\r\nX-Sum: 5\r\n\r\n";
    let server = Raw::start(Script::Answer(answer.into())).await;
    let response = instance_for(server.address).send(post(server.url("/"), b"x")).await.unwrap();
    assert_eq!(response.body, b"abcde");
    assert_eq!(response.trailers, [("x-sum".to_owned(), "5".to_owned())]);
}

#[tokio::test]
async fn a_compressed_response_is_not_unpacked() {
    let server = Raw::answering("Content-Encoding: gzip\r\n", "not gzip at all").await;
    let response = instance_for(server.address).send(post(server.url("/"), b"x")).await.unwrap();
    assert_eq!(response.body, b"not gzip at all");
}

#[tokio::test]
async fn an_error_status_is_a_response_and_not_an_error() {
    let server =
        Raw::start(Script::Answer(b"HTTP/1.1 503 No\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".into())).await;
    let response = instance_for(server.address).send(post(server.url("/"), b"x")).await.unwrap();
    assert_eq!(response.status, 503);
    assert!(response.headers.contains(&("retry-after".into(), "7".into())));
}

#[tokio::test]
async fn a_payload_is_sent_from_the_host_once() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance_for(server.address);
    let mut payloads = Payloads::default();
    let bytes = Bytes::from_static(b"\0\x01otlp\xff");
    let handle = payloads.push(Payload::plain(bytes.clone())).unwrap();
    let stale = wasmtime::component::Resource::new_own(handle.rep());
    let request = |handle| wit::Request {
        method: "POST".into(),
        url: server.url("/v1/traces"),
        headers: Vec::new(),
        body: wit::Body::Payload(handle),
        timeout_ms: Some(10_000),
        http2: false,
    };
    let mut view = HttpView { ctx: &mut ctx, payloads: &mut payloads };
    assert_eq!(wit::Host::send(&mut view, request(handle)).await.unwrap().status, 200);
    assert_eq!(server.first_body(), bytes);
    let again = wit::Host::send(&mut view, request(stale)).await;
    assert!(matches!(again, Err(wit::Error::InvalidRequest(_))), "{again:?}");
}
