//! What sends the requests of one exporter, shared by its instances.
//!
//! Everything that waits does so on the I/O runtime, whose handle is given at construction: a guest's thread only
//! waits for the answer, and gives the request up by no longer waiting.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::header::AUTHORIZATION;
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedSemaphorePermit},
};

use super::{
    account::{Account, HttpUsage},
    connector::Connector,
    error::HttpError,
    material::{Material, Renewal, Source},
    outgoing, rehearsal,
    request::CheckedRequest,
    response::{self, Answer, Response},
};
use crate::{
    capability::{
        CallClock,
        backend::HttpBackend,
        egress::{Lookup, SystemLookup},
        http::HttpGrant,
    },
    guarded::Guarded,
    telemetry::{Level, SparingLog},
};

/// What it takes to read a byte of a response: from the kernel, through TLS, into the body.
const READ_PER_BYTE: Duration = Duration::from_nanos(1);

/// What sends the requests of one exporter.
pub(crate) struct HttpClient {
    grant: Arc<HttpGrant>,
    io: Handle,
    source: Mutex<Source>,
    connector: Connector,
    account: Account,
    /// What the host says about the exporter.
    log: Option<Arc<SparingLog>>,
    /// What answers in the place of the network.
    backend: Option<Arc<dyn HttpBackend>>,
}

impl HttpClient {
    /// No connection yet. `io` is the runtime on which connections live; files that change are told to `log`. The exporter
    /// has so many `instances`.
    pub(crate) fn new(grant: Arc<HttpGrant>, instances: usize, io: Handle, log: Arc<SparingLog>) -> Arc<Self> {
        Arc::new(Self { log: Some(log), ..Self::silent(grant, instances, io, Arc::new(SystemLookup)) })
    }

    /// A client whose requests `backend` answers.
    pub(crate) fn rehearsal(
        grant: HttpGrant,
        instances: usize,
        io: Handle,
        backend: Arc<dyn HttpBackend>,
    ) -> Arc<Self> {
        let silent = Self::silent(Arc::new(grant.rehearsal()), instances, io, Arc::new(SystemLookup));
        Arc::new(Self { backend: Some(backend), ..silent })
    }

    /// As [`Self::new`], for one instance, with another resolver and without a log.
    #[cfg(test)]
    pub(super) fn with_lookup(grant: Arc<HttpGrant>, io: Handle, lookup: Arc<dyn Lookup>) -> Arc<Self> {
        Arc::new(Self::silent(grant, 1, io, lookup))
    }

    /// The same, with connections that come from an address of the caller's choice.
    #[cfg(test)]
    pub(super) fn calling_from(grant: Arc<HttpGrant>, io: Handle, source: std::net::IpAddr) -> Arc<Self> {
        let mut client = Self::silent(grant, 1, io, Arc::new(SystemLookup));
        client.connector.source_address = Some(source);
        Arc::new(client)
    }

    fn silent(grant: Arc<HttpGrant>, instances: usize, io: Handle, lookup: Arc<dyn Lookup>) -> Self {
        let account = Account::new(&grant, instances, Instant::now());
        Self {
            source: Mutex::new(Source::new(&grant)),
            connector: Connector::new(&grant, account.max_in_flight(), lookup),
            account,
            grant,
            io,
            log: None,
            backend: None,
        }
    }

    /// What the operator granted.
    pub(crate) fn grant(&self) -> &HttpGrant {
        &self.grant
    }

    /// What it may use, and has used.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// What all instances did so far.
    pub(crate) fn usage(&self) -> HttpUsage {
        self.account.usage()
    }

    /// Sends on the I/O runtime and waits, at most until `deadline`. Dropping the future gives the request up.
    /// `place` is kept until the request has really ended. What is read is work for the call of `clock`; the answer is
    /// opened where this is waited for.
    pub(super) async fn send(
        self: &Arc<Self>,
        request: CheckedRequest,
        deadline: Instant,
        place: OwnedSemaphorePermit,
        clock: Option<Arc<CallClock>>,
    ) -> Result<Response, HttpError> {
        let client = Arc::clone(self);
        let task = self.io.spawn(async move {
            let received = |bytes| {
                client.account.count_received(bytes);
                if let Some(clock) = &clock {
                    clock.work(READ_PER_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX)));
                }
            };
            let exchange = client.exchange(request, &received);
            let answer = tokio::time::timeout_at(deadline.into(), exchange).await;
            drop(place);
            answer.unwrap_or(Err(HttpError::Timeout))
        });
        match Guarded::new(task).join().await {
            // What it takes to open it is the guest's own time.
            Ok(answer) => answer?.open(|bytes| self.account.count_received(bytes)),
            Err(_) => Err(HttpError::Broken("the request was given up by the host".into())),
        }
    }

    /// Tells `received` of each piece of the response.
    async fn exchange(&self, request: CheckedRequest, received: &(impl Fn(usize) + Sync)) -> Result<Answer, HttpError> {
        if let Some(backend) = &self.backend {
            self.account.count_sent(request.body.len());
            let whole = rehearsal::exchange(&**backend, request, self.grant.max_response_bytes, received)?;
            return Ok(Answer::Whole(whole));
        }
        let material = self.material().await;
        let client = self.connector.connect(&material.connections, request.http2).await?;
        self.account.count_sent(request.body.len());
        let mut outgoing = reqwest::Request::new(request.method, request.url);
        *outgoing.headers_mut() = request.headers;
        if let Some(authorization) = material.authorization {
            outgoing.headers_mut().insert(AUTHORIZATION, authorization);
        }
        *outgoing.body_mut() = outgoing::body(request.body);
        let incoming = client.execute(outgoing).await?;
        let limit = self.grant.max_response_bytes;
        response::receive(incoming, limit, material.secrets, received).await.map(Answer::Arrived)
    }

    /// What the next request is made of; tells if files have changed.
    async fn material(&self) -> Material {
        let (material, renewal) = self.source.lock().await.latest(&self.grant).await;
        if let (Some(renewal), Some(log)) = (renewal, &self.log) {
            match renewal {
                Renewal::Renewed => {
                    log.tell(Level::Info, format_args!("the files of grants.http have changed and are used"))
                }
                Renewal::Unusable(errors) => {
                    let wrong: Vec<_> = errors.iter().map(|error| format!("grants.http: {error}")).collect();
                    let wrong = wrong.join("; ");
                    log.tell(Level::Error, format_args!("{wrong}; what was there before stays in use"));
                }
            }
        }
        material
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").field("account", &self.account).finish_non_exhaustive()
    }
}
