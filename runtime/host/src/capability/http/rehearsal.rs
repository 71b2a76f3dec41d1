//! A request that a backend inside the process answers.

use super::{error::HttpError, request::CheckedRequest, response::Response};
use crate::capability::backend::{HttpBackend, HttpFailure, HttpRequest};

/// Has `backend` answer, under the cap of a real response. `count` is told how much that is.
///
/// # Errors
/// What the network would have said.
pub(super) fn exchange(
    backend: &dyn HttpBackend,
    request: CheckedRequest,
    max_bytes: usize,
    count: impl Fn(usize),
) -> Result<Response, HttpError> {
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let answer = backend.answer(HttpRequest {
        method: request.method.as_str().to_owned(),
        url: request.url.into(),
        headers: request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: request.body.joined(),
        http2: request.http2,
    });
    let response = answer.map_err(|failure| match failure {
        HttpFailure::Connect => HttpError::Connect("connection refused".into()),
        HttpFailure::Timeout => HttpError::Timeout,
        HttpFailure::Broken => HttpError::Broken("connection closed before the response was whole".into()),
    })?;
    count(response.body.len());
    if response.body.len() > max_bytes {
        return Err(HttpError::ResponseTooLarge);
    }
    let crate::capability::backend::HttpResponse { status, headers, body, trailers } = response;
    Ok(Response { status, headers, body, trailers })
}
