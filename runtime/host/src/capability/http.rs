//! One request, one response, to where the operator said and nowhere else.
//!
//! Constraints:
//! - what is not granted is denied before a name is looked up, and every address is judged before it is connected to;
//! - no redirect is followed, no proxy is taken from the environment, no request is repeated behind the guest's back;
//! - every wait has a deadline: the guest's, the grant's or what is left of the call, whichever is nearest;
//! - everything is capped: URL, headers, bodies both ways, requests per call, requests and bytes per second, requests in
//!   flight; what is too much is refused, never waited for;
//! - a 401 or 403, or what gRPC has for it, is kept for the pipeline, whatever the guest makes of it;
//! - what came with a batch goes out with requests of that batch's call and with no others, in headers the operator chose;
//! - the operator's headers are put on last and never shown; exact copies of them in a response are masked;
//! - a guest's thread never runs a connection, and the thread of connections never opens an answer.

mod account;
mod client;
mod connector;
mod credentials;
mod error;
mod files;
mod grant;
mod grant_error;
mod grpc;
mod material;
mod outgoing;
mod quota;
mod rehearsal;
mod request;
mod response;
mod secrets;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use spangate_core::batch::Batch;
use wasmtime::component::Linker;

pub(crate) use self::{
    client::HttpClient, credentials::Refused, error::HttpError, grant::HttpGrant, request::Request, response::Response,
};
use super::{CALL, CallClock, Paced, charge};
use crate::bindings::{Payload, Payloads, v0_1::imports::http as wit};
/// What a request costs in fuel beside its bytes: the work of about 20 microseconds, sent or denied.
const REQUEST: u64 = 400 * CALL;

/// Fuel for a nanosecond of another thread: what a tight loop burns in it.
const PER_NANOSECOND: u64 = 10;

/// What one instance has left of its grant.
#[derive(Debug)]
pub(crate) struct HttpCtx {
    client: Arc<HttpClient>,
    requests_left: usize,
    /// Of the running call; none if it may take for ever.
    clock: Option<Arc<CallClock>>,
    /// The batch of the running call.
    batch: Option<Arc<Batch>>,
    refused: Option<Refused>,
    /// The work of other threads for this call that was paid.
    paid: Duration,
}

impl HttpCtx {
    /// For one instance of the exporter that `client` belongs to.
    pub(crate) fn new(client: Arc<HttpClient>) -> Self {
        Self { client, requests_left: 0, clock: None, batch: None, refused: None, paid: Duration::ZERO }
    }

    /// Renews the quota of requests; nothing is waited for beyond the end of the call by its `clock`. Before the first
    /// call nothing is sent.
    pub(crate) fn begin_call(&mut self, clock: Option<Arc<CallClock>>) {
        self.requests_left = self.client.grant().max_requests_per_batch;
        self.clock = clock;
        self.refused = None;
        self.paid = Duration::ZERO;
    }

    /// Whether a request was attempted in this call.
    pub(crate) fn has_sent(&self) -> bool {
        self.requests_left < self.client.grant().max_requests_per_batch
    }

    /// Requests carry what came with this batch, until there is none.
    pub(crate) fn lend(&mut self, batch: Option<Arc<Batch>>) {
        self.batch = batch;
    }

    /// What other threads did for this call since it was asked last, in fuel.
    fn unpaid_fuel(&mut self) -> u64 {
        let worked = self.clock.as_ref().map(|clock| clock.worked()).unwrap_or_default();
        let unpaid = worked.saturating_sub(std::mem::replace(&mut self.paid, worked));
        u64::try_from(unpaid.as_nanos()).unwrap_or(u64::MAX).saturating_mul(PER_NANOSECOND)
    }

    /// The backend that did not take the credentials in this call, if one did not and that was its latest word.
    pub(crate) fn take_refused(&mut self) -> Option<Refused> {
        self.refused.take()
    }

    /// Checks, sends, waits. Requests that are refused cost no quota: they cost the host nothing either.
    ///
    /// # Errors
    /// As in the contract.
    pub(crate) async fn send(&mut self, request: Request) -> Result<Response, HttpError> {
        let answer = self.try_send(request).await;
        answer.inspect_err(|error| self.client.account().count_refused(error))
    }

    async fn try_send(&mut self, request: Request) -> Result<Response, HttpError> {
        let grant = self.client.grant();
        let mut request = request.check(grant, self.batch.as_deref())?;
        let Some(left) = self.requests_left.checked_sub(1) else {
            let limit = grant.max_requests_per_batch;
            return Err(HttpError::OverQuota(format!("{limit} requests in one call (max_requests_per_batch)")));
        };
        let now = Instant::now();
        // The clock may have stood still since the call began. It runs while the guest waits here.
        let call_ends = self.clock.as_ref().and_then(|clock| clock.ends_at());
        let deadline = nearest(now, request.timeout, call_ends);
        if deadline <= now {
            return Err(HttpError::Timeout);
        }
        request.tell_time_left(deadline - now);
        let place = self.client.account().admit(request.body.len(), now)?;
        self.requests_left = left;
        let client = Arc::clone(&self.client);
        let url = request.url.clone();
        let response = client.send(request, deadline, place, self.clock.clone()).await?;
        self.refused = Refused::after(self.refused.take(), &url, &response);
        Ok(response)
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
            wit::Body::None => Payload::default(),
            wit::Body::Text(text) => Payload::plain(text),
            wit::Body::Bytes(bytes) => Payload::plain(bytes),
            wit::Body::Payload(handle) => match self.payloads.take(&handle) {
                Some(payload) => payload,
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
            // Whatever became of it: what was read in vain was read too.
            let unpaid = get_view(store.data_mut()).ctx.unpaid_fuel();
            charge(&mut store, unpaid).await?;
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
