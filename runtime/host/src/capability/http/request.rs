//! What a guest asks for, and the checks it passes before anything is done about it.

use std::time::Duration;

use reqwest::{
    Method, Url,
    header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};

use spangate_core::batch::Batch;

use super::{
    error::{HttpError, bound},
    grpc,
};
use crate::{bindings::Payload, capability::http::HttpGrant};

/// The size of all headers of one message: names, values and 32 bytes for each, as HTTP/2 counts (RFC 9113, 6.5.2).
pub(crate) const MAX_HEADER_BYTES: usize = 64 << 10;

/// Longer than any registered method.
const MAX_METHOD_BYTES: usize = 32;

/// What one header costs beside its name and value.
const HEADER_OVERHEAD: usize = 32;

/// Headers that belong to the connection or to the framing: the host's alone.
const HOST_HEADERS: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Headers that name another host, path, method or sender than the request itself, to servers and proxies that heed them.
/// The operator may set them.
const ROUTING_HEADERS: [&str; 12] = [
    "forwarded",
    "x-envoy-original-path",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-override-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// Headers that ask for the answer in pieces or in another form: a credential that is echoed in it would no longer be
/// found. `accept-encoding` is replaced instead.
const FORM_HEADERS: [&str; 4] = ["a-im", "accept-charset", "if-range", "range"];

/// A request as a guest words it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Such as `POST`.
    pub(crate) method: String,
    /// Absolute.
    pub(crate) url: String,
    /// In order; names in any case.
    pub(crate) headers: Vec<(String, String)>,
    /// Empty for none.
    pub(crate) body: Payload,
    /// What the guest is willing to wait.
    pub(crate) timeout: Option<Duration>,
    /// HTTP/2 by prior knowledge.
    pub(crate) http2: bool,
}

/// A request that may be sent as it is.
#[derive(Debug)]
pub(crate) struct CheckedRequest {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Payload,
    pub(super) timeout: Duration,
    pub(super) http2: bool,
}

impl Request {
    /// Checks everything that can be checked without touching the network, and puts the operator's headers on, and those
    /// that came with `batch`.
    ///
    /// # Errors
    /// `Denied` if the URL is not granted, `InvalidRequest` for everything else.
    pub(crate) fn check(self, grant: &HttpGrant, batch: Option<&Batch>) -> Result<CheckedRequest, HttpError> {
        let url = grant.policy.judge_url(&self.url)?;
        if self.http2 && grant.proxy.is_some() && url.scheme() == "http" {
            return Err(invalid("HTTP/2 without TLS cannot go through a proxy (grants.http.proxy)".into()));
        }
        let method = check_method(&self.method)?;
        let mut headers = check_headers(&self.headers)?;
        if grant.has_credentials()
            && let Some(name) = FORM_HEADERS.into_iter().find(|name| headers.contains_key(*name))
        {
            return Err(invalid(format!("header `{name}` cannot be used where the operator's credentials are sent")));
        }
        if grant.contents.1.authorization.is_some() {
            // The token goes there, late and from the file.
            headers.remove(AUTHORIZATION);
        }
        for (name, value) in &grant.headers {
            headers.insert(name.clone(), value.clone());
        }
        for (name, key) in &grant.metadata_headers {
            // What the guest set goes first: without a value there is no header, not the guest's.
            headers.remove(name);
            if let Some(value) = batch.and_then(|batch| batch.metadata(key)) {
                headers.insert(name.clone(), metadata_value(key, value)?);
            }
        }
        if grant.has_credentials() {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            grpc::accept_plain(&mut headers);
        }
        let (size, limit) = (self.body.len(), grant.max_request_bytes);
        if size > limit {
            return Err(invalid(format!("the body has {size} bytes, at most {limit} are allowed (max_request_bytes)")));
        }
        let timeout = self.timeout.map_or(grant.timeout, |wanted| wanted.min(grant.timeout));
        Ok(CheckedRequest { method, url, headers, body: self.body, timeout, http2: self.http2 })
    }
}

impl CheckedRequest {
    /// Tells a gRPC server how long it will be waited for.
    pub(super) fn tell_time_left(&mut self, left: Duration) {
        if grpc::is_grpc(&self.headers) {
            grpc::tell_timeout(&mut self.headers, left);
        }
    }
}

/// Whether the host alone may set the header `name`, given in lower case.
pub(crate) fn is_host_header(name: &str) -> bool {
    HOST_HEADERS.contains(&name) || name.starts_with("proxy-")
}

fn is_routing_header(name: &str) -> bool {
    ROUTING_HEADERS.contains(&name) || name.starts_with("x-forwarded-")
}

/// CONNECT would open a tunnel past the allow-list; TRACE would hand the operator's headers back.
fn check_method(text: &str) -> Result<Method, HttpError> {
    let usable = text.len() <= MAX_METHOD_BYTES && !matches!(text, "CONNECT" | "TRACE" | "PRI");
    match Method::from_bytes(text.as_bytes()) {
        Ok(method) if usable => Ok(method),
        _ => Err(invalid(format!("method `{text}` is not allowed"))),
    }
}

fn check_headers(headers: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let mut checked = HeaderMap::new();
    let mut size = 0usize;
    for (name, value) in headers {
        size = size.saturating_add(name.len()).saturating_add(value.len()).saturating_add(HEADER_OVERHEAD);
        if size > MAX_HEADER_BYTES {
            return Err(invalid(format!("the headers have more than {MAX_HEADER_BYTES} bytes")));
        }
        let (name, value) = check_header(name, value)?;
        checked.try_append(name, value).map_err(|_| invalid("there are too many headers".into()))?;
    }
    Ok(checked)
}

fn check_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HttpError> {
    let checked = HeaderName::from_bytes(name.as_bytes());
    let checked = checked.map_err(|_| invalid(format!("header name `{name}` is malformed")))?;
    if is_host_header(checked.as_str()) || (checked == "te" && !value.eq_ignore_ascii_case("trailers")) {
        return Err(invalid(format!("header `{checked}` is set by the host")));
    }
    if is_routing_header(checked.as_str()) {
        return Err(invalid(format!("header `{checked}` is the operator's to set (grants.http.headers)")));
    }
    let value = HeaderValue::from_str(value);
    let value = value.map_err(|_| invalid(format!("the value of header `{checked}` contains control characters")))?;
    Ok((checked, value))
}

/// Receivers copy what was a header's value before; what they did not check is checked here.
fn metadata_value(key: &str, value: &str) -> Result<HeaderValue, HttpError> {
    let checked = HeaderValue::from_bytes(value.as_bytes());
    let mut checked =
        checked.map_err(|_| invalid(format!("the batch's metadata `{key}` contains control characters")))?;
    checked.set_sensitive(true);
    Ok(checked)
}

fn invalid(why: String) -> HttpError {
    HttpError::InvalidRequest(bound(&why))
}
