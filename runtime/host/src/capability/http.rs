//! One request, one response, to where the operator said and nowhere else.
//!
//! Constraints:
//! - what is not granted is denied before a name is looked up, and every address is judged before it is connected to;
//! - no redirect is followed, no proxy is taken from the environment, no request is repeated behind the guest's back;
//! - every wait has a deadline: the guest's, the grant's or what is left of the call, whichever is nearest;
//! - everything is capped: URL, headers, bodies both ways, requests per call, requests in flight;
//! - a 401 or 403 is kept for the pipeline, whatever the guest makes of it;
//! - the operator's headers are put on last and never shown; exact copies of them in a response are masked;
//! - a guest's thread never runs a connection.

mod client;
mod credentials;
mod error;
mod request;
mod response;
mod secrets;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use reqwest::header::{HeaderName, HeaderValue};
use rustls::RootCertStore;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;

pub(crate) use self::{
    client::HttpClient, credentials::Refused, error::HttpError, request::Request, response::Response,
};
use self::{request::is_host_header, secrets::Secrets};
use super::{
    CALL, Paced, charge,
    egress::{EgressPolicy, EntryError},
};
use crate::{
    bindings::{Payloads, v0_1::imports::http as wit},
    config,
};

/// What a request costs in fuel beside its bytes: the work of about 20 microseconds, sent or denied.
const REQUEST: u64 = 400 * CALL;

/// `[grants.http]` in checked form.
#[derive(Debug)]
pub(crate) struct HttpGrant {
    policy: Arc<EgressPolicy>,
    headers: Vec<(HeaderName, HeaderValue)>,
    secrets: Secrets,
    roots: Option<Arc<RootCertStore>>,
    timeout: Duration,
    max_in_flight: usize,
    max_requests_per_batch: usize,
    max_request_bytes: usize,
    max_response_bytes: usize,
}

/// What is wrong with a `[grants.http]`, by key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpGrantError {
    #[error("allow: {0}")]
    Allow(#[from] EntryError),
    #[error("headers: `{0}` is not a header name")]
    HeaderName(String),
    #[error("headers: the value of `{0}` contains characters that no header may carry")]
    HeaderValue(String),
    #[error("headers: `{0}` belongs to the connection and cannot be set")]
    HostHeader(String),
    #[error("ca_file: {}: {why}", .path.display())]
    CaFile {
        /// As configured.
        path: PathBuf,
        /// What reading it said.
        why: String,
    },
}

impl HttpGrant {
    /// Checks a grant and reads its `ca_file`.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the keys.
    pub(crate) fn new(config: &config::HttpGrant) -> Result<Self, Vec<HttpGrantError>> {
        let mut errors = Vec::new();
        let policy = EgressPolicy::new(&config.allow, &config.allow_cidrs);
        let policy = policy.map_err(|wrong| errors.extend(wrong.into_iter().map(HttpGrantError::from)));
        let headers = check_headers(config, &mut errors);
        let roots = config.ca_file.as_ref().and_then(|path| match tls::read_roots(path) {
            Ok(roots) => Some(Arc::new(roots)),
            Err(why) => {
                errors.push(HttpGrantError::CaFile { path: path.clone(), why });
                None
            }
        });
        match policy {
            Ok(policy) if errors.is_empty() => Ok(Self {
                policy: Arc::new(policy),
                secrets: Secrets::of(&headers),
                headers,
                roots,
                timeout: config.timeout,
                max_in_flight: config.max_in_flight,
                max_requests_per_batch: config.max_requests_per_batch,
                max_request_bytes: config.max_request_bytes,
                max_response_bytes: config.max_response_bytes,
            }),
            _ => Err(errors),
        }
    }
}

fn check_headers(config: &config::HttpGrant, errors: &mut Vec<HttpGrantError>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    for (name, secret) in &config.headers {
        let Ok(checked) = HeaderName::from_bytes(name.as_bytes()) else {
            errors.push(HttpGrantError::HeaderName(name.clone()));
            continue;
        };
        if is_host_header(checked.as_str()) {
            errors.push(HttpGrantError::HostHeader(name.clone()));
            continue;
        }
        match HeaderValue::from_str(secret.expose()) {
            Ok(mut value) => {
                value.set_sensitive(true);
                headers.push((checked, value));
            }
            Err(_) => errors.push(HttpGrantError::HeaderValue(name.clone())),
        }
    }
    headers
}

/// What one instance has left of its grant.
#[derive(Debug)]
pub(crate) struct HttpCtx {
    client: Arc<HttpClient>,
    in_flight: Arc<Semaphore>,
    requests_left: usize,
    call_deadline: Option<Instant>,
    refused: Option<Refused>,
}

impl HttpCtx {
    /// For one instance of the exporter that `client` belongs to.
    pub(crate) fn new(client: Arc<HttpClient>) -> Self {
        let permits = client.grant().max_in_flight.min(Semaphore::MAX_PERMITS);
        let in_flight = Arc::new(Semaphore::new(permits));
        Self { client, in_flight, requests_left: 0, call_deadline: None, refused: None }
    }

    /// Renews the quota of requests; nothing is waited for beyond `deadline`. Before the first call nothing is sent.
    pub(crate) fn begin_call(&mut self, deadline: Option<Instant>) {
        self.requests_left = self.client.grant().max_requests_per_batch;
        self.call_deadline = deadline;
        self.refused = None;
    }

    /// The backend that did not take the credentials in this call, if one did not and that was its latest word.
    pub(crate) fn take_refused(&mut self) -> Option<Refused> {
        self.refused.take()
    }

    /// Checks, sends, waits. Denied requests cost no quota: they cost the host nothing either.
    ///
    /// # Errors
    /// As in the contract.
    pub(crate) async fn send(&mut self, request: Request) -> Result<Response, HttpError> {
        let grant = self.client.grant();
        let request = request.check(grant).inspect_err(|error| self.count(error))?;
        let Some(left) = self.requests_left.checked_sub(1) else {
            let limit = grant.max_requests_per_batch;
            return Err(HttpError::OverQuota(format!("{limit} requests in one call (max_requests_per_batch)")));
        };
        let Ok(in_flight) = Arc::clone(&self.in_flight).try_acquire_owned() else {
            let limit = grant.max_in_flight;
            return Err(HttpError::OverQuota(format!("{limit} requests in flight (max_in_flight)")));
        };
        let deadline = nearest(Instant::now(), request.timeout, self.call_deadline);
        self.requests_left = left;
        let client = Arc::clone(&self.client);
        let url = request.url.clone();
        let response = client.send(request, deadline, in_flight).await.inspect_err(|error| self.count(error))?;
        self.refused = Refused::after(self.refused.take(), &url, &response);
        Ok(response)
    }

    fn count(&self, error: &HttpError) {
        if matches!(error, HttpError::Denied(_)) {
            self.client.count_denied();
        }
    }
}

/// The nearer of `now + timeout` and `call`.
fn nearest(now: Instant, timeout: Duration, call: Option<Instant>) -> Instant {
    let own = now.checked_add(timeout).unwrap_or(now);
    call.map_or(own, |call| call.min(own))
}

/// The http of one call.
#[derive(Debug)]
pub(crate) struct HttpView<'a> {
    /// What the instance has left.
    ctx: &'a mut HttpCtx,
    /// The payloads the guest holds.
    payloads: &'a mut Payloads,
}

impl<'a> HttpView<'a> {
    pub(crate) fn new(ctx: &'a mut HttpCtx, payloads: &'a mut Payloads) -> Self {
        Self { ctx, payloads }
    }
}

impl wit::Host for HttpView<'_> {
    async fn send(&mut self, request: wit::Request) -> Result<wit::Response, wit::Error> {
        let body = match request.body {
            wit::Body::None => Bytes::new(),
            wit::Body::Text(text) => text.into(),
            wit::Body::Bytes(bytes) => bytes.into(),
            wit::Body::Payload(handle) => match self.payloads.take(&handle) {
                Some(payload) => payload.bytes,
                None => return Err(wit::Error::InvalidRequest("the payload belongs to an earlier call".into())),
            },
        };
        let request = Request {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body,
            timeout: request.timeout_ms.map(|ms| Duration::from_millis(u64::from(ms))),
            http2: request.http2,
        };
        match self.ctx.send(request).await {
            Ok(Response { status, headers, body, trailers }) => Ok(wit::Response { status, headers, body, trailers }),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<HttpError> for wit::Error {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Denied(why) => Self::Denied(why),
            HttpError::InvalidRequest(why) => Self::InvalidRequest(why),
            HttpError::Dns(why) => Self::Dns(why),
            HttpError::Connect(why) => Self::Connect(why),
            HttpError::Tls(why) => Self::Tls(why),
            HttpError::Timeout => Self::Timeout,
            HttpError::Broken(why) => Self::Broken(why),
            HttpError::ResponseTooLarge => Self::ResponseTooLarge,
            HttpError::OverQuota(why) => Self::OverQuota(why),
        }
    }
}

/// Answers `spangate:exporter/http`.
///
/// # Errors
/// If the linker has that interface already.
pub(crate) fn link<T: Paced>(linker: &mut Linker<T>, get_view: fn(&mut T) -> HttpView<'_>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("spangate:exporter/http@0.1.0")?;
    instance.func_wrap_async("send", move |mut store, (request,): (wit::Request,)| {
        Box::new(async move {
            charge(&mut store, REQUEST + 2 * size(&request)).await?;
            let answer = wit::Host::send(&mut get_view(store.data_mut()), request).await;
            if let Ok(response) = &answer {
                charge(&mut store, 2 * response.body.len() as u64).await?;
            }
            Ok((answer,))
        })
    })
}

/// The bytes that crossed over from the guest. A payload did not.
fn size(request: &wit::Request) -> u64 {
    let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let body = match &request.body {
        wit::Body::Text(text) => text.len(),
        wit::Body::Bytes(bytes) => bytes.len(),
        wit::Body::None | wit::Body::Payload(_) => 0,
    };
    (request.url.len() + headers + body) as u64
}
