//! A request, built up and sent.

use std::borrow::Cow;
use std::time::Duration;

use super::{Error, Response};
use crate::{Batch, Outcome, Payload};

/// What a request carries. What is handed over crosses to the host without another copy; what is lent is copied first.
#[derive(Default)]
pub enum Body<'a> {
    /// Nothing.
    #[default]
    None,
    /// UTF-8.
    Text(Cow<'a, str>),
    /// Arbitrary bytes.
    Bytes(Cow<'a, [u8]>),
    /// What the host holds.
    Payload(Payload),
}

/// A request to be sent.
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(crate) body: Body<'a>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) http2: bool,
}

/// A POST to an absolute URL.
pub fn post(url: &str) -> Request<'_> {
    Request::new("POST", url)
}

/// A PUT to an absolute URL.
pub fn put(url: &str) -> Request<'_> {
    Request::new("PUT", url)
}

/// A GET of an absolute URL.
pub fn get(url: &str) -> Request<'_> {
    Request::new("GET", url)
}

impl<'a> Request<'a> {
    /// A request of any method to an absolute URL.
    pub fn new(method: &'a str, url: &'a str) -> Self {
        Self { method, url, headers: Vec::new(), body: Body::None, timeout: None, http2: false }
    }

    /// Adds a header. The host sets host, content-length, transfer-encoding and connection itself.
    pub fn header(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds headers.
    pub fn headers<N, V>(mut self, headers: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Cow<'a, str>>,
        V: Into<Cow<'a, str>>,
    {
        self.headers.extend(headers.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Adds `idempotency-key` with the batch's id: a backend that knows it stores a repeated batch once.
    pub fn idempotency_key(self, batch: &Batch) -> Self {
        self.header("idempotency-key", batch.id().to_hex())
    }

    /// JSON text as the body.
    pub fn json(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.text("application/json", text)
    }

    /// Text as the body.
    pub fn text(mut self, content_type: &'a str, text: impl Into<Cow<'a, str>>) -> Self {
        self.body = Body::Text(text.into());
        self.header("content-type", content_type)
    }

    /// Bytes as the body.
    pub fn bytes(mut self, content_type: &'a str, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        self.body = Body::Bytes(bytes.into());
        self.header("content-type", content_type)
    }

    /// What the host holds as the body. Sets no header.
    pub fn payload(mut self, payload: Payload) -> Self {
        self.body = Body::Payload(payload);
        self
    }

    /// How long the whole exchange may take; the operator's deadline holds in any case.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// HTTP/2 without negotiation, as gRPC needs over plain text.
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// Sends it and waits for the whole response.
    pub fn send(self) -> Result<Response, Error> {
        #[cfg(target_family = "wasm")]
        return crossing::send(self);
        #[cfg(not(target_family = "wasm"))]
        crate::testing::host::send(self)
    }

    /// Sends it and says what became of the batch, by OTLP/HTTP's table (see [`Response::outcome`]).
    pub fn deliver(self) -> Outcome {
        self.send().into()
    }
}

#[cfg(target_family = "wasm")]
mod crossing {
    use super::{Body, Cow, Error, Request, Response};
    use crate::bindings::spangate::exporter::http;

    pub(super) fn send(request: Request<'_>) -> Result<Response, Error> {
        let owned = |(name, value): (Cow<'_, str>, Cow<'_, str>)| (name.into_owned(), value.into_owned());
        let response = http::send(http::Request {
            method: request.method.to_owned(),
            url: request.url.to_owned(),
            headers: request.headers.into_iter().map(owned).collect(),
            body: match request.body {
                Body::None => http::Body::None,
                // As bytes: the host need not look whether they are UTF-8.
                Body::Text(text) => http::Body::Bytes(text.into_owned().into_bytes()),
                Body::Bytes(bytes) => http::Body::Bytes(bytes.into_owned()),
                Body::Payload(payload) => http::Body::Payload(payload.0),
            },
            timeout_ms: request.timeout.map(|timeout| u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX)),
            http2: request.http2,
        })?;
        Ok(Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
            trailers: response.trailers,
        })
    }
}
