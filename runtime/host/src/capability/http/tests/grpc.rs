//! What the host does for calls: the time that is left, frames, answers that come compressed, one connection for many.

use std::{
    io::Write,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use flate2::{Compression, write::GzEncoder};

use super::{certificates::tls_server, server::*, *};

const KEY: &str = "key+0123456789";

fn call(url: impl Into<String>, body: &[u8]) -> Request {
    let mut request = post(url, body);
    request.headers.push(("content-type".into(), "application/grpc".into()));
    request.headers.push(("te".into(), "trailers".into()));
    request
}

fn keyed(server: &Raw, edit: impl FnOnce(&mut config::HttpGrant)) -> HttpCtx {
    instance(grant(&[&server.url("")], |grant| {
        grant.headers.insert("authorization".into(), config::Secret::new(format!("Bearer {KEY}")));
        edit(grant);
    }))
}

/// An answer with a message compressed by gzip, that calls it `encoding`.
async fn packed(encoding: &str, message: &[u8]) -> Raw {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message).unwrap();
    let packed = encoder.finish().unwrap();
    let length = u32::try_from(packed.len()).unwrap().to_be_bytes();
    let body = [&[1][..], &length, &packed].concat();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Raw::start(Script::Answer([head.into_bytes(), body].concat())).await
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn a_server_is_told_how_long_it_will_be_waited_for_unless_the_guest_says_so() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance_for(server.address);
    ctx.send(Request { timeout: Some(Duration::from_secs(3)), ..call(server.url("/"), b"x") }).await.unwrap();
    let mut own = call(server.url("/"), b"x");
    own.headers.push(("Grpc-Timeout".into(), "1S".into()));
    ctx.send(own).await.unwrap();
    ctx.send(post(server.url("/"), b"x")).await.unwrap();
    let received = server.received();
    let told = header(&received[0], "grpc-timeout").unwrap().strip_suffix('m').unwrap().parse::<u64>().unwrap();
    assert!((1..=3000).contains(&told), "{told}");
    assert_eq!(header(&received[1], "grpc-timeout"), Some("1S"));
    assert_eq!(header(&received[2], "grpc-timeout"), None);
}

#[tokio::test]
async fn a_framed_payload_arrives_whole_and_with_its_length_over_either_protocol() {
    let server = Echo::plain().await;
    let message: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let framed = [&b"\0\0\x04\x93\xe0"[..], &message].concat();
    for http2 in [false, true] {
        let mut request = Request { http2, ..call(format!("http://{}/", server.address), b"") };
        request.body = Payload::framed(message.clone().into(), false);
        let mut ctx = instance_for(server.address);
        let response = ctx.send(request).await.unwrap();
        assert!(response.body == framed, "{http2}: {} bytes", response.body.len());
        assert!(response.headers.contains(&("x-length".into(), "300005".into())), "{:?}", response.headers);
        assert_eq!(counted(&ctx), [1, 0, 300_005, 300_005]);
    }
}

#[tokio::test]
async fn http2_over_tls_is_agreed_upon_in_the_handshake() {
    let (server, authority) = tls_server("localhost").await;
    let entry = format!("https://localhost:{}", server.address.port());
    let trusting = grant(&[&entry], |grant| grant.ca_file = Some(authority.path().into()));
    let response = instance(trusting).send(Request { http2: true, ..call(&entry, b"x") }).await.unwrap();
    assert!(response.headers.contains(&("x-version".into(), "HTTP/2.0".into())), "{:?}", response.headers);
    assert_eq!(response.trailers, [("grpc-status".to_owned(), "0".to_owned())]);
}

#[tokio::test]
async fn calls_at_the_same_time_share_one_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&connections);
    let server = Echo::start(move |stream| {
        counting.fetch_add(1, Relaxed);
        async { Some(stream) }
    })
    .await;
    let grant = grant(&[&format!("http://{}", server.address)], |grant| grant.max_in_flight = 8);
    let client = HttpClient::with_lookup(grant, Handle::current(), Arc::new(SystemLookup));
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let mut ctx = instance_of(Arc::clone(&client));
            let request = Request { http2: true, ..call(format!("http://{}/", server.address), &[7; 100_000]) };
            tokio::spawn(async move { ctx.send(request).await.unwrap().body.len() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 100_000);
    }
    assert_eq!(connections.load(Relaxed), 1);
}

#[tokio::test]
async fn a_message_that_comes_compressed_is_unpacked_and_one_that_is_not_gzip_is_left_as_it_is() {
    let message = "partial success ".repeat(1000);
    let server = packed("gzip", message.as_bytes()).await;
    let mut ctx = instance_for(server.address);
    let body = ctx.send(call(server.url("/"), b"x")).await.unwrap().body;
    assert_eq!(body, [&[0][..], &16_000u32.to_be_bytes(), message.as_bytes()].concat());
    assert_eq!(counted(&ctx)[3], 16_005, "what is unpacked is counted");
    let server = packed("zstd", message.as_bytes()).await;
    let body = instance_for(server.address).send(call(server.url("/"), b"x")).await.unwrap().body;
    assert_eq!(body[0], 1);
}

#[tokio::test]
async fn an_unpacked_message_is_held_to_the_cap_of_a_response() {
    let server = packed("gzip", &[b'x'; 1000]).await;
    let with_cap = |bytes| instance(grant(&[&server.url("")], |grant| grant.max_response_bytes = bytes));
    assert_eq!(with_cap(1005).send(call(server.url("/"), b"x")).await.unwrap().body.len(), 1005);
    assert_eq!(with_cap(1004).send(call(server.url("/"), b"x")).await, Err(HttpError::ResponseTooLarge));
}

#[tokio::test]
async fn a_credential_is_masked_in_a_compressed_message_and_one_that_cannot_be_read_is_not_handed_over() {
    let server = packed("gzip", format!("your key is {KEY}").as_bytes()).await;
    let mut asking = call(server.url("/"), b"x");
    asking.headers.push(("grpc-accept-encoding".into(), "gzip,deflate".into()));
    let body = keyed(&server, |_| {}).send(asking).await.unwrap().body;
    assert_eq!(&body[5..], b"your key is **************");
    assert_eq!(header(&server.received()[0], "grpc-accept-encoding"), Some("identity"));
    let server = packed("zstd", KEY.as_bytes()).await;
    let error = keyed(&server, |_| {}).send(call(server.url("/"), b"x")).await.unwrap_err();
    assert!(matches!(&error, HttpError::Broken(why) if why.contains("grpc-encoding")), "{error}");
}

#[tokio::test]
async fn a_credential_is_masked_in_metadata_however_that_is_encoded() {
    let details = BASE64_STANDARD.encode(format!("\x08\x10\x12\x1akey was {KEY}"));
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ntransfer-encoding: chunked\r\ntrailer: grpc-status\r\n\r\n0\r\ngrpc-status: 16\r\n\
         grpc-message: no: key%2B0123456789!\r\ngrpc-status-details-bin: {details}\r\nother-bin: AAEC\r\n\r\n"
    );
    let server = Raw::start(Script::Answer(answer.into())).await;
    let mut ctx = keyed(&server, |_| {});
    let response = ctx.send(call(server.url("/"), b"x")).await.unwrap();
    let trailer = |name| response.trailers.iter().find(|(found, _)| found == name).unwrap().1.clone();
    assert_eq!(trailer("grpc-message"), "no%3A%20%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%21");
    let details = BASE64_STANDARD_NO_PAD.decode(trailer("grpc-status-details-bin")).unwrap();
    assert_eq!(details, b"\x08\x10\x12\x1akey was **************");
    assert_eq!(trailer("other-bin"), "AAEC");
    assert!(ctx.take_refused().unwrap().to_string().contains("gRPC UNAUTHENTICATED"));
}
