//! Through the operator's proxy.

use super::{certificates::tls_server, server::*, *};

const COLLECTOR: &str = "http://collector.example:4318";

/// `address` as the operator's proxy, with a name and a password.
fn proxy(address: impl std::fmt::Display) -> Option<config::HttpProxy> {
    let credentials = Some(("me".to_owned(), config::Secret::new("open sesame".into())));
    Some(config::HttpProxy { address: format!("http://{address}").parse().unwrap(), credentials })
}

/// `me:open sesame`
const BASIC: &str = "proxy-authorization: Basic bWU6b3BlbiBzZXNhbWU=";

#[tokio::test]
async fn plain_http_goes_to_the_proxy_with_the_whole_address_and_no_name_is_looked_up() {
    let server = Raw::answering("", "").await;
    let lookup = Recorder::new("127.0.0.1");
    let through = grant(&[COLLECTOR], |grant| grant.proxy = proxy(server.address));
    let mut ctx = instance_of(HttpClient::with_lookup(through, Handle::current(), lookup.clone()));
    let response = ctx.send(post(format!("{COLLECTOR}/v1/traces"), b"x")).await.unwrap();
    assert_eq!(response.status, 200);
    let received = &server.received()[0];
    assert!(received.starts_with("POST http://collector.example:4318/v1/traces HTTP/1.1\r\n"), "{received}");
    assert!(received.contains("\r\nhost: collector.example:4318\r\n"), "{received}");
    assert!(received.contains(BASIC), "{received}");
    assert!(lookup.asked().is_empty());
}

#[tokio::test]
async fn https_goes_through_a_tunnel_that_sees_neither_path_nor_headers() {
    let (server, authority) = tls_server("collector.example").await;
    let tunnel = Raw::start(Script::Tunnel(server.address)).await;
    let through = grant(&["https://collector.example:4318"], |grant| {
        grant.proxy = proxy(tunnel.address);
        grant.ca_file = Some(authority.path().into());
        grant.headers.insert("x-key".into(), config::Secret::new("hidden-from-the-proxy".into()));
    });
    let lookup = Recorder::new("127.0.0.1");
    let mut ctx = instance_of(HttpClient::with_lookup(through, Handle::current(), lookup.clone()));
    let response = ctx.send(post("https://collector.example:4318/v1/traces", b"payload")).await.unwrap();
    assert_eq!(response.body, b"payload");
    let heads = tunnel.received();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with("CONNECT collector.example:4318 HTTP/1.1\r\n"), "{}", heads[0]);
    assert!(heads[0].to_ascii_lowercase().contains(&BASIC.to_ascii_lowercase()), "{}", heads[0]);
    assert!(!heads[0].contains("hidden-from-the-proxy") && !heads[0].contains("/v1/traces"), "{}", heads[0]);
    assert!(lookup.asked().is_empty());
}

#[tokio::test]
async fn the_list_decides_before_the_proxy_hears_of_a_request() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance(grant(&[COLLECTOR], |grant| grant.proxy = proxy(server.address)));
    let own = format!("http://{}/", server.address);
    for url in ["http://evil.example/", "http://169.254.169.254/", "https://collector.example:4318/", &own] {
        let error = ctx.send(post(url, b"x")).await.unwrap_err();
        assert!(matches!(error, HttpError::Denied(_)), "{url}: {error}");
    }
    let error = ctx.send(Request { http2: true, ..post(COLLECTOR, b"x") }).await.unwrap_err();
    assert!(matches!(&error, HttpError::InvalidRequest(why) if why.contains("grants.http.proxy")), "{error}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_proxy_may_be_private_because_it_was_named_but_never_a_metadata_service() {
    let server = Raw::answering("", "").await;
    let address = format!("proxy.example:{}", server.address.port());
    let through = grant(&[COLLECTOR], |grant| grant.proxy = proxy(&address));
    let lookup = Recorder::new("127.0.0.1");
    let mut ctx = instance_of(HttpClient::with_lookup(through.clone(), Handle::current(), lookup.clone()));
    assert_eq!(ctx.send(post(COLLECTOR, b"x")).await.unwrap().status, 200);
    assert_eq!(lookup.asked(), ["proxy.example"]);

    let mut ctx = instance_of(HttpClient::with_lookup(through, Handle::current(), Recorder::new("169.254.169.254")));
    match ctx.send(post(COLLECTOR, b"x")).await {
        Err(HttpError::Denied(why)) => assert!(why.contains("`proxy.example`") && why.contains("never"), "{why}"),
        other => panic!("{other:?}"),
    }
    let config = config::HttpGrant { proxy: proxy("169.254.169.254"), ..Default::default() };
    let error = HttpGrant::new(&config).unwrap_err().remove(0).to_string();
    assert!(error.starts_with("proxy: `169.254.169.254` is "), "{error}");
}

#[tokio::test]
async fn a_proxy_that_wants_other_credentials_pauses_and_what_it_echoes_is_masked() {
    let answer = "HTTP/1.1 407 Who?\r\ncontent-length: 20\r\n\r\nbWU6b3BlbiBzZXNhbWU=";
    let server = Raw::start(Script::Answer(answer.into())).await;
    let mut ctx = instance(grant(&[COLLECTOR], |grant| grant.proxy = proxy(server.address)));
    let response = ctx.send(post(COLLECTOR, b"x")).await.unwrap();
    assert_eq!((response.status, response.body), (407, vec![b'*'; 20]));
    assert!(ctx.take_refused().unwrap().to_string().contains("407 Proxy Authentication Required"));
}

#[tokio::test]
async fn a_tunnel_that_is_refused_is_a_failed_connection() {
    for status in ["403 No", "407 Who?", "502 Gone"] {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        let server = Raw::start(Script::AnswerAndClose(answer.into_bytes())).await;
        let through = grant(&["https://collector.example"], |grant| grant.proxy = proxy(server.address));
        let error = instance(through).send(post("https://collector.example", b"x")).await.unwrap_err();
        assert!(matches!(error, HttpError::Connect(_)), "{status}: {error:?}");
    }
}
