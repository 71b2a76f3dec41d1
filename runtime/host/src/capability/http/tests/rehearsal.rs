//! Requests that a backend inside the process answers.

use std::sync::Mutex;

use super::*;
use crate::capability::backend::{HttpBackend, HttpFailure, HttpRequest, HttpResponse};

/// Answers by the path and keeps what it was asked.
#[derive(Default)]
struct Rehearsed(Mutex<Vec<HttpRequest>>);

impl HttpBackend for Rehearsed {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
        let failure = match request.url.rsplit('/').next() {
            Some("connect") => Some(HttpFailure::Connect),
            Some("timeout") => Some(HttpFailure::Timeout),
            _ => None,
        };
        let body = request.body.to_vec();
        self.0.lock().unwrap().push(request);
        failure.map_or(Ok(HttpResponse { status: 202, body, ..HttpResponse::default() }), Err)
    }
}

#[tokio::test]
async fn a_backend_answers_any_url_and_nothing_is_looked_up_or_sent() {
    let backend = Arc::new(Rehearsed::default());
    let config = config::HttpGrant { max_response_bytes: 4, ..config::HttpGrant::default() };
    let grant = HttpGrant::new(&config).unwrap();
    let mut ctx = instance_of(HttpClient::rehearsal(grant, 1, Handle::current(), backend.clone()));
    let response = ctx.send(post("https://no.such.host.invalid/a", b"four")).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (202, b"four".as_slice()));
    assert_eq!(ctx.send(post("http://x.invalid/b", b"fifth")).await, Err(HttpError::ResponseTooLarge));
    let refused = ctx.send(post("http://x.invalid/connect", b"")).await.unwrap_err();
    assert!(matches!(refused, HttpError::Connect(_)), "{refused}");
    assert_eq!(ctx.send(post("http://x.invalid/timeout", b"")).await, Err(HttpError::Timeout));
    let bad = ctx.send(post("ftp://x.invalid/", b"")).await.unwrap_err();
    assert!(matches!(bad, HttpError::Denied(_)), "what no grant allows is no rehearsal either: {bad}");
    let asked = backend.0.lock().unwrap();
    assert_eq!(asked.len(), 4);
    assert_eq!((asked[0].method.as_str(), asked[0].url.as_str()), ("POST", "https://no.such.host.invalid/a"));
}

#[tokio::test]
async fn a_rehearsal_goes_as_fast_as_it_can_whatever_a_second_allows() {
    let config = config::HttpGrant { max_requests_per_second: 1, max_bytes_per_second: 1, ..Default::default() };
    let grant = HttpGrant::new(&config).unwrap();
    let backend = Arc::new(Rehearsed::default());
    let mut ctx = instance_of(HttpClient::rehearsal(grant, 1, Handle::current(), backend));
    for _ in 0..50 {
        assert_eq!(ctx.send(post("http://x.invalid/", &[b'x'; 1 << 20])).await.unwrap().status, 202);
    }
}
