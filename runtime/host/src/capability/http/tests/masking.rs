//! A guest cannot have a credential echoed in a form in which it is not found.

use super::{server::*, *};

const KEY: &str = "Bearer Key-0123456789";

fn keyed(server: &Raw) -> HttpCtx {
    instance(grant(&[&server.url("")], |grant| {
        grant.headers.insert("Authorization".into(), config::Secret::new(KEY.into()));
    }))
}

fn with(server: &Raw, name: &str, value: &str) -> Request {
    let mut request = post(server.url("/"), b"x");
    request.headers.push((name.into(), value.into()));
    request
}

#[tokio::test]
async fn with_credentials_no_encoded_answer_is_asked_for_and_without_them_the_guest_decides() {
    let server = Raw::answering("", "").await;
    let asked = |received: &str| {
        let lines = received.lines().filter_map(|line| line.strip_prefix("accept-encoding: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    keyed(&server).send(with(&server, "Accept-Encoding", "gzip, br;q=0.5")).await.unwrap();
    instance_for(server.address).send(with(&server, "Accept-Encoding", "gzip")).await.unwrap();
    let received = server.received();
    assert_eq!((asked(&received[0]), asked(&received[1])), (vec!["identity".to_owned()], vec!["gzip".to_owned()]));
}

#[tokio::test]
async fn with_credentials_no_part_of_an_answer_is_asked_for() {
    let server = Raw::answering("", "").await;
    for (name, value) in
        [("Range", "bytes=0-9"), ("if-range", "\"tag\""), ("A-IM", "gzip"), ("accept-charset", "utf-16")]
    {
        match keyed(&server).send(with(&server, name, value)).await {
            Err(HttpError::InvalidRequest(why)) => assert!(why.contains(&name.to_lowercase()), "{why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(instance_for(server.address).send(with(&server, "range", "bytes=0-9")).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_answer_that_comes_encoded_or_in_parts_all_the_same_is_broken() {
    for head in ["200 OK\r\ncontent-encoding: gzip", "206 Partial Content", "200 OK\r\ncontent-range: bytes 0-4/9"] {
        let answer = format!("HTTP/1.1 {head}\r\ncontent-length: 5\r\n\r\nabcde");
        let server = Raw::start(Script::Answer(answer.into_bytes())).await;
        let error = keyed(&server).send(post(server.url("/"), b"x")).await.unwrap_err();
        assert!(matches!(&error, HttpError::Broken(why) if why.contains("could not be masked")), "{head}: {error}");
        assert_eq!(instance_for(server.address).send(post(server.url("/"), b"x")).await.unwrap().body, b"abcde");
    }
    let server = Raw::answering("content-encoding: Identity\r\n", "abcde").await;
    assert_eq!(keyed(&server).send(post(server.url("/"), b"x")).await.unwrap().body, b"abcde");
}

#[tokio::test]
async fn a_credential_is_masked_among_the_names_of_headers_and_in_trailers() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\nX-KEY-0123456789: 1\r\n\r\n\
                  0\r\nX-Sum: Key-0123456789\r\n\r\n";
    let server = Raw::start(Script::Answer(answer.into())).await;
    let response = keyed(&server).send(post(server.url("/"), b"x")).await.unwrap();
    assert!(!format!("{response:?}").contains("0123456789"), "{response:?}");
    assert!(response.headers.iter().any(|(name, _)| name == "x-**************"), "{response:?}");
}

#[tokio::test]
async fn what_names_another_place_or_sender_than_the_request_is_the_operators_to_set() {
    let server = Raw::answering("", "").await;
    for name in [
        "X-Original-URL",
        "x-rewrite-url",
        "X-Forwarded-Host",
        "x-forwarded-for",
        "Forwarded",
        "X-HTTP-Method-Override",
    ] {
        match instance_for(server.address).send(with(&server, name, "/admin")).await {
            Err(HttpError::InvalidRequest(why)) => assert!(why.contains(&name.to_lowercase()), "{why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(server.connections(), 0);
    let set = grant(&[&server.url("")], |grant| {
        grant.headers.insert("x-forwarded-proto".into(), config::Secret::new("https".into()));
    });
    instance(set).send(post(server.url("/"), b"x")).await.unwrap();
    assert!(server.received()[0].contains("\r\nx-forwarded-proto: https\r\n"));
}
