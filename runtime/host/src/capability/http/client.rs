//! The connections of one exporter, shared by its instances.
//!
//! Everything that waits does so on the I/O runtime, whose handle is given at construction: a guest's thread only
//! waits for the answer, and gives the request up by no longer waiting.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex as Lock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use reqwest::{ClientBuilder, header::AUTHORIZATION, redirect::Policy};
use rustls::RootCertStore;
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};

use super::{
    error::{HttpError, bound},
    material::{Connections, Material, Renewal, Source},
    outgoing,
    quota::{Exceeded, Quota},
    rehearsal,
    request::{CheckedRequest, MAX_HEADER_BYTES},
    response::{self, Answer, Response},
    tls,
};
use crate::{
    capability::{
        CallClock,
        backend::HttpBackend,
        egress::{Lookup, Lookups, PermittedResolver, SystemLookup},
        http::HttpGrant,
    },
    telemetry::{Level, SparingLog},
};

/// For a connection to be made, name and TLS included; the request's own deadline may be nearer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An unused connection is closed after this, before most NATs and balancers forget it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection may be quiet before it is probed.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long the other side may take to answer a probe, or to take what was sent. A connection that a NAT forgot, or whose
/// other end is gone, is found out within a minute.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// How often a probe over TCP is repeated in that time.
const PROBES: u32 = 4;

/// What it takes to read a byte of a response: from the kernel, through TLS, into the body.
const READ_PER_BYTE: Duration = Duration::from_nanos(1);

/// What one exporter did through http since it was loaded.
#[derive(Debug, Default)]
pub(super) struct HttpCounters {
    pub(super) requests: AtomicU64,
    pub(super) denied: AtomicU64,
    pub(super) over_quota: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    pub(super) bytes_in: AtomicU64,
}

/// [`HttpCounters`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HttpUsage {
    /// Requests that were allowed and attempted.
    pub(crate) requests: u64,
    /// Requests that were refused for their address.
    pub(crate) denied: u64,
    /// Requests that were refused because a quota was used up.
    pub(crate) over_quota: u64,
    /// Requests that have not ended.
    pub(crate) in_flight: u64,
    /// Bytes of request bodies handed to the network.
    pub(crate) bytes_out: u64,
    /// Bytes of response bodies read.
    pub(crate) bytes_in: u64,
}

/// The connections of one exporter. Made when first needed.
pub(crate) struct HttpClient {
    grant: Arc<HttpGrant>,
    io: Handle,
    lookups: Arc<Lookups>,
    source: Mutex<Source>,
    /// The places of requests, of all instances together: a crash makes none free.
    places: Arc<Semaphore>,
    max_in_flight: usize,
    quota: Lock<Quota>,
    /// The system's authorities are read by one at a time, however slow the disk is.
    reading: Arc<Semaphore>,
    /// What the host says about the exporter.
    log: Option<Arc<SparingLog>>,
    /// What answers in the place of the network.
    backend: Option<Arc<dyn HttpBackend>>,
    counters: HttpCounters,
    /// Where connections come from, instead of where the system says.
    #[cfg(test)]
    source_address: Option<std::net::IpAddr>,
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
        Arc::new(Self { source_address: Some(source), ..Self::silent(grant, 1, io, Arc::new(SystemLookup)) })
    }

    fn silent(grant: Arc<HttpGrant>, instances: usize, io: Handle, lookup: Arc<dyn Lookup>) -> Self {
        let max_in_flight = grant.max_in_flight.saturating_mul(instances).min(Semaphore::MAX_PERMITS);
        Self {
            source: Mutex::new(Source::new(&grant)),
            quota: Lock::new(Quota::new(grant.quota(), Instant::now())),
            lookups: Lookups::new(lookup, CONNECT_TIMEOUT),
            places: Arc::new(Semaphore::new(max_in_flight)),
            max_in_flight,
            reading: Arc::new(Semaphore::new(1)),
            grant,
            io,
            log: None,
            backend: None,
            counters: HttpCounters::default(),
            #[cfg(test)]
            source_address: None,
        }
    }

    /// What the operator granted.
    pub(crate) fn grant(&self) -> &HttpGrant {
        &self.grant
    }

    /// What all instances did so far.
    pub(crate) fn usage(&self) -> HttpUsage {
        let HttpCounters { requests, denied, over_quota, bytes_out, bytes_in } = &self.counters;
        HttpUsage {
            requests: requests.load(Relaxed),
            denied: denied.load(Relaxed),
            over_quota: over_quota.load(Relaxed),
            in_flight: self.max_in_flight.saturating_sub(self.places.available_permits()) as u64,
            bytes_out: bytes_out.load(Relaxed),
            bytes_in: bytes_in.load(Relaxed),
        }
    }

    /// Counts a request that was refused for its address, or because a quota was used up.
    pub(super) fn count_refused(&self, error: &HttpError) {
        match error {
            HttpError::Denied(_) => self.counters.denied.fetch_add(1, Relaxed),
            HttpError::OverQuota(_) => self.counters.over_quota.fetch_add(1, Relaxed),
            _ => 0,
        };
    }

    /// A place in flight and a share of the second's quota for a request with a body of `bytes`. `now` is monotonic.
    ///
    /// # Errors
    /// `OverQuota`, with the key of the quota that is used up.
    pub(super) fn admit(&self, bytes: usize, now: Instant) -> Result<OwnedSemaphorePermit, HttpError> {
        let grant = &self.grant;
        let over = |limit: usize, what: &str| Err(HttpError::OverQuota(format!("{limit} {what}")));
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return over(self.max_in_flight, "requests in flight (max_in_flight)");
        };
        match self.quota().take(bytes, now) {
            Ok(()) => Ok(place),
            Err(Exceeded::Requests) => {
                over(grant.max_requests_per_second as usize, "requests in one second (max_requests_per_second)")
            }
            Err(Exceeded::Bytes) => over(grant.max_bytes_per_second, "bytes in one second (max_bytes_per_second)"),
        }
    }

    /// Waits until no request is in flight.
    #[cfg(test)]
    pub(super) async fn all_ended(&self) {
        drop(self.places.acquire_many(u32::try_from(self.max_in_flight).unwrap()).await.unwrap());
    }

    fn quota(&self) -> std::sync::MutexGuard<'_, Quota> {
        self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_received(&self, bytes: usize) {
        self.counters.bytes_in.fetch_add(bytes as u64, Relaxed);
        self.quota().receive(bytes);
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
                client.count_received(bytes);
                if let Some(clock) = &clock {
                    clock.work(READ_PER_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX)));
                }
            };
            let exchange = client.exchange(request, &received);
            let answer = tokio::time::timeout_at(deadline.into(), exchange).await;
            drop(place);
            answer.unwrap_or(Err(HttpError::Timeout))
        });
        match AbortOnDrop(task).await {
            // What it takes to open it is the guest's own time.
            Ok(answer) => answer?.open(|bytes| self.count_received(bytes)),
            Err(_) => Err(HttpError::Broken("the request was given up by the host".into())),
        }
    }

    /// Tells `received` of each piece of the response.
    async fn exchange(&self, request: CheckedRequest, received: &(impl Fn(usize) + Sync)) -> Result<Answer, HttpError> {
        if let Some(backend) = &self.backend {
            self.count_sent(&request);
            let whole = rehearsal::exchange(&**backend, request, self.grant.max_response_bytes, received)?;
            return Ok(Answer::Whole(whole));
        }
        let material = self.material().await;
        let client = self.connect(&material.connections, request.http2).await?;
        self.count_sent(&request);
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

    fn count_sent(&self, request: &CheckedRequest) {
        self.counters.requests.fetch_add(1, Relaxed);
        self.counters.bytes_out.fetch_add(request.body.len() as u64, Relaxed);
    }

    async fn connect<'c>(&self, over: &'c Connections, http2: bool) -> Result<&'c reqwest::Client, HttpError> {
        let cell = if http2 { &over.http2 } else { &over.negotiated };
        cell.get_or_try_init(|| async move {
            let roots = self.roots(over).await?;
            let tls = tls::client_config(roots, over.identity.clone(), http2)
                .map_err(|error| HttpError::Tls(bound(&error.to_string())))?;
            let builder = self.builder().tls_backend_preconfigured(tls);
            let builder = if http2 { builder.http2_prior_knowledge() } else { builder };
            builder.build().map_err(HttpError::from)
        })
        .await
    }

    async fn roots(&self, over: &Connections) -> Result<Arc<RootCertStore>, HttpError> {
        if let Some(roots) = &over.roots {
            return Ok(Arc::clone(roots));
        }
        if !self.grant.policy.has_https() {
            return Ok(Arc::new(RootCertStore::empty()));
        }
        let unreadable = || HttpError::Tls("the system's certificate authorities could not be read".into());
        let turn = Arc::clone(&self.reading).acquire_owned().await.map_err(|_| unreadable())?;
        let read = move || {
            // Kept by the work itself: who gives up waiting does not end it.
            let _turn = turn;
            tls::read_system_roots()
        };
        #[expect(clippy::disallowed_methods, reason = "reads local files, once or twice in the life of an exporter")]
        let reading = tokio::task::spawn_blocking(read);
        match reading.await {
            Ok(Ok(roots)) => Ok(Arc::new(roots)),
            Ok(Err(why)) => Err(HttpError::Tls(bound(&why))),
            Err(_) => Err(unreadable()),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place where redirects and proxies are decided")]
    fn builder(&self) -> ClientBuilder {
        let policy = Arc::clone(&self.grant.policy);
        let resolver = PermittedResolver::new(policy, Arc::clone(&self.lookups));
        // First none, so that the environment's are not asked.
        let builder = ClientBuilder::new().no_proxy();
        let builder = match &self.grant.proxy {
            Some(proxy) => builder.proxy(proxy.clone()),
            None => builder,
        };
        #[cfg(test)]
        let builder = builder.local_address(self.source_address);
        builder
            .dns_resolver(resolver)
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .user_agent(concat!("spangate/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(self.grant.max_in_flight)
            .tcp_keepalive(KEEP_ALIVE)
            .tcp_keepalive_interval(PROBE_TIMEOUT / PROBES)
            .tcp_keepalive_retries(PROBES)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(PROBE_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .http2_max_header_list_size(MAX_HEADER_BYTES as u32)
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").field("counters", &self.counters).finish_non_exhaustive()
    }
}

/// A task that ends with whoever waits for it.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
