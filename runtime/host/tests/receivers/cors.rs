//! Browsers: what they ask, and what they are told.

use http::StatusCode;
use spangate::{
    config::{AllowedOrigin, BearerToken, Cors, Receiver, ReceiverAuth},
    receiver::Outcome,
};

use crate::{
    client::{Http1, JSON, Reply},
    fake::{Running, refusal},
};

const SHOP: &str = "https://shop.example";

fn allowing(origins: &[&str]) -> impl FnOnce(&mut Receiver) {
    let origins = origins.iter().map(|origin| AllowedOrigin::parse(origin).unwrap()).collect();
    |config| {
        config.metadata = vec!["x-tenant".to_owned()];
        config.cors = Some(Cors { allowed_headers: vec!["x-shop".to_owned()], ..Cors::new(origins) });
    }
}

async fn preflight(client: &mut Http1, origin: &str, method: &str, headers: &str) -> Reply {
    let asked =
        [("origin", origin), ("access-control-request-method", method), ("access-control-request-headers", headers)];
    client.send("OPTIONS", "/v1/traces", &asked, "").await
}

/// The origin that an answer is for.
fn origin(reply: &Reply) -> &str {
    reply.header("access-control-allow-origin")
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_send_and_read_the_answer() {
    let running = Running::http(allowing(&[SHOP])).await;
    let mut client = Http1::connect(running.address).await;
    let reply = preflight(&mut client, SHOP, "POST", "content-type, X-Shop,x-tenant, authorization").await;
    assert_eq!((reply.status, reply.text().as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(origin(&reply), SHOP);
    assert_eq!(reply.header("access-control-allow-methods"), "POST");
    assert_eq!(reply.header("access-control-allow-headers"), "content-type, X-Shop, x-tenant, authorization");
    assert_eq!(reply.header("access-control-max-age"), "600");
    assert_eq!(reply.header("access-control-allow-credentials"), "true");
    assert_eq!(reply.header("vary"), "origin, access-control-request-method, access-control-request-headers");
    let reply = client.post("/v1/traces", &[JSON, ("origin", SHOP)], "{}").await;
    assert_eq!((reply.status, origin(&reply), reply.header("vary")), (StatusCode::OK, SHOP, "origin"));
    assert_eq!(running.stats.preflights.get(), 1);
    assert_eq!(running.requests(Outcome::Accepted), 1);
}

#[tokio::test]
async fn errors_are_for_the_page_to_read_as_well() {
    let running = Running::http(|config| {
        allowing(&[SHOP])(config);
        config.auth = Some(ReceiverAuth {
            bearer_tokens: vec![BearerToken::parse("0123456789abcdef").unwrap()],
            bearer_token_file: None,
            reload_interval: ReceiverAuth::RELOAD_INTERVAL,
        });
    })
    .await;
    let mut client = Http1::connect(running.address).await;
    // A preflight never carries a token.
    assert_eq!(preflight(&mut client, SHOP, "POST", "authorization").await.status, StatusCode::NO_CONTENT);
    let reply = client.post("/v1/traces", &[JSON, ("origin", SHOP)], "{}").await;
    assert_eq!((reply.status, origin(&reply), reply.header("vary")), (StatusCode::UNAUTHORIZED, SHOP, "origin"));
    let token = ("authorization", "Bearer 0123456789abcdef");
    let reply = client.post("/v1/traces", &[JSON, token, ("origin", SHOP)], "nonsense").await;
    assert_eq!((reply.status, origin(&reply)), (StatusCode::BAD_REQUEST, SHOP));
    *running.consumer.full.lock().unwrap() = Some(refusal());
    let reply = client.post("/v1/traces", &[JSON, token, ("origin", SHOP)], "{}").await;
    assert_eq!((reply.status, origin(&reply)), (StatusCode::TOO_MANY_REQUESTS, SHOP));
    assert_eq!(reply.header("access-control-expose-headers"), "retry-after");
    // OPTIONS that is no preflight gets no further than any other stranger.
    let reply = client.send("OPTIONS", "/v1/traces", &[("origin", SHOP)], "").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn pages_of_other_origins_are_told_nothing() {
    let running = Running::http(allowing(&[SHOP, "https://*.shop.example", "http://localhost:3000"])).await;
    let mut client = Http1::connect(running.address).await;
    for allowed in ["https://a.shop.example", "https://a.b.shop.example", "http://localhost:3000"] {
        assert_eq!(origin(&preflight(&mut client, allowed, "POST", "content-type").await), allowed);
    }
    for other in [
        "null",
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://evilshop.example",
        "https://.shop.example",
        "https://evil.example/.shop.example",
        "https://evil.example#.shop.example",
        "https://user@a.shop.example",
        "https://SHOP.example",
        "http://localhost",
        "",
    ] {
        let reply = preflight(&mut client, other, "POST", "content-type").await;
        assert_eq!((reply.status, origin(&reply)), (StatusCode::FORBIDDEN, ""), "{other}");
        assert_eq!(reply.header("access-control-allow-credentials"), "", "{other}");
        // Sent all the same, as a program that is no browser may: taken, but no page may read the answer.
        let reply = client.post("/v1/traces", &[JSON, ("origin", other)], "{}").await;
        assert_eq!((reply.status, origin(&reply), reply.header("vary")), (StatusCode::OK, "", "origin"), "{other}");
    }
    assert_eq!(running.stats.preflights_refused.get(), 13);
    let expected = "Warn receiver.otlp_http: a page in a browser was refused: the origin \"null\" is not in \
                    cors.allowed_origins";
    assert_eq!(running.warnings(), [expected]);
}

#[tokio::test]
async fn methods_paths_and_headers_that_are_not_served_are_refused_by_name() {
    let running = Running::http(allowing(&[SHOP])).await;
    let mut client = Http1::connect(running.address).await;
    for (method, headers, expected) in [
        ("PUT", "content-type", "the method \"PUT\" is not served"),
        ("POST", "x-other", "the request header \"x-other\" is not in cors.allowed_headers"),
        ("POST", "content-type, x y", "is not in cors.allowed_headers"),
    ] {
        let reply = preflight(&mut client, SHOP, method, headers).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert!(reply.text().contains(expected), "{}", reply.text());
    }
    let asked = [("origin", SHOP), ("access-control-request-method", "POST")];
    let reply = client.send("OPTIONS", "/v1/nothing", &asked, "").await;
    assert!(reply.text().starts_with("no such path"), "{}", reply.text());
    // Without any further header.
    let reply = client.send("OPTIONS", "/v1/logs", &asked, "").await;
    assert_eq!((reply.status, reply.header("access-control-allow-headers")), (StatusCode::NO_CONTENT, ""));
}

#[tokio::test]
async fn everybody_is_allowed_only_by_a_star_and_then_without_credentials() {
    let running = Running::http(allowing(&["*", SHOP])).await;
    let mut client = Http1::connect(running.address).await;
    for anybody in ["https://evil.example", "null"] {
        let reply = preflight(&mut client, anybody, "POST", "content-type").await;
        assert_eq!((reply.status, origin(&reply)), (StatusCode::NO_CONTENT, "*"));
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    assert_eq!(origin(&preflight(&mut client, SHOP, "POST", "content-type").await), SHOP);
}

#[tokio::test]
async fn without_configuration_browsers_are_told_nothing() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let reply = preflight(&mut client, SHOP, "POST", "content-type").await;
    assert_eq!((reply.status, origin(&reply)), (StatusCode::METHOD_NOT_ALLOWED, ""));
    let reply = client.post("/v1/traces", &[JSON, ("origin", SHOP)], "{}").await;
    assert_eq!((reply.status, origin(&reply), reply.header("vary")), (StatusCode::OK, "", ""));
}
