//! The connections of one exporter, shared by its instances.
//!
//! Everything that waits does so on the I/O runtime, whose handle is given at construction: a guest's thread only
//! waits for the answer, and gives the request up by no longer waiting.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use reqwest::{ClientBuilder, header::AUTHORIZATION, redirect::Policy};
use rustls::RootCertStore;
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedSemaphorePermit},
    task::JoinHandle,
};

use super::{
    error::{HttpError, bound},
    material::{Connections, Material, Renewal, Source},
    rehearsal,
    request::{CheckedRequest, MAX_HEADER_BYTES},
    response::{self, Response},
    tls,
};
use crate::{
    capability::{
        backend::HttpBackend,
        egress::{Lookup, PermittedResolver, SystemLookup},
        http::HttpGrant,
        log::LogCtx,
    },
    telemetry::Level,
};

/// For a connection to be made, name and TLS included; the request's own deadline may be nearer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An unused connection is closed after this, before most NATs and balancers forget it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How often a quiet connection is probed.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What one exporter did through http since it was loaded.
#[derive(Debug, Default)]
pub(super) struct HttpCounters {
    pub(super) requests: AtomicU64,
    pub(super) denied: AtomicU64,
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
    /// Bytes of request bodies handed to the network.
    pub(crate) bytes_out: u64,
    /// Bytes of response bodies read.
    pub(crate) bytes_in: u64,
}

/// The connections of one exporter. Made when first needed.
pub(crate) struct HttpClient {
    grant: Arc<HttpGrant>,
    io: Handle,
    lookup: Arc<dyn Lookup>,
    source: Mutex<Source>,
    /// What the host says about the exporter.
    log: Option<LogCtx>,
    /// What answers in the place of the network.
    backend: Option<Arc<dyn HttpBackend>>,
    counters: HttpCounters,
}

impl HttpClient {
    /// No connection yet. `io` is the runtime on which connections live; files that change are told to `log`.
    pub(crate) fn new(grant: Arc<HttpGrant>, io: Handle, log: LogCtx) -> Arc<Self> {
        Arc::new(Self { log: Some(log), ..Self::silent(grant, io) })
    }

    /// A client whose requests `backend` answers.
    pub(crate) fn rehearsal(grant: HttpGrant, io: Handle, backend: Arc<dyn HttpBackend>) -> Arc<Self> {
        Arc::new(Self { backend: Some(backend), ..Self::silent(Arc::new(grant.rehearsal()), io) })
    }

    /// As [`Self::new`], with another resolver and without a log.
    #[cfg(test)]
    pub(super) fn with_lookup(grant: Arc<HttpGrant>, io: Handle, lookup: Arc<dyn Lookup>) -> Arc<Self> {
        Arc::new(Self { lookup, ..Self::silent(grant, io) })
    }

    fn silent(grant: Arc<HttpGrant>, io: Handle) -> Self {
        let (source, lookup) = (Mutex::new(Source::new(&grant)), Arc::new(SystemLookup));
        Self { grant, io, lookup, source, log: None, backend: None, counters: HttpCounters::default() }
    }

    /// What the operator granted.
    pub(crate) fn grant(&self) -> &HttpGrant {
        &self.grant
    }

    /// What all instances did so far.
    pub(crate) fn usage(&self) -> HttpUsage {
        let HttpCounters { requests, denied, bytes_out, bytes_in } = &self.counters;
        let [requests, denied, bytes_out, bytes_in] = [requests, denied, bytes_out, bytes_in].map(|n| n.load(Relaxed));
        HttpUsage { requests, denied, bytes_out, bytes_in }
    }

    /// Counts a request that was refused for its address.
    pub(super) fn count_denied(&self) {
        self.counters.denied.fetch_add(1, Relaxed);
    }

    /// Sends on the I/O runtime and waits, at most until `deadline`. Dropping the future gives the request up.
    /// `in_flight` is held until the request has really ended.
    pub(super) async fn send(
        self: &Arc<Self>,
        request: CheckedRequest,
        deadline: Instant,
        in_flight: OwnedSemaphorePermit,
    ) -> Result<Response, HttpError> {
        let client = Arc::clone(self);
        let task = self.io.spawn(async move {
            let exchange = client.exchange(request);
            let answer = tokio::time::timeout_at(deadline.into(), exchange).await;
            drop(in_flight);
            answer.unwrap_or(Err(HttpError::Timeout))
        });
        match AbortOnDrop(task).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::Broken("the request was given up by the host".into())),
        }
    }

    async fn exchange(&self, request: CheckedRequest) -> Result<Response, HttpError> {
        if let Some(backend) = &self.backend {
            self.count_sent(&request);
            return rehearsal::exchange(&**backend, request, self.grant.max_response_bytes, &self.counters.bytes_in);
        }
        let material = self.material().await;
        let client = self.connect(&material.connections, request.http2).await?;
        self.count_sent(&request);
        let mut outgoing = reqwest::Request::new(request.method, request.url);
        *outgoing.headers_mut() = request.headers;
        if let Some(authorization) = material.authorization {
            outgoing.headers_mut().insert(AUTHORIZATION, authorization);
        }
        if !request.body.is_empty() {
            *outgoing.body_mut() = Some(request.body.into());
        }
        let incoming = client.execute(outgoing).await?;
        response::read(incoming, self.grant.max_response_bytes, &material.secrets, &self.counters.bytes_in).await
    }

    /// What the next request is made of; tells if files have changed.
    async fn material(&self) -> Material {
        let (material, renewal) = self.source.lock().await.latest(&self.grant).await;
        if let (Some(renewal), Some(log)) = (renewal, &self.log) {
            match renewal {
                Renewal::Renewed => log.tell(Level::Info, "the files of grants.http have changed and are used"),
                Renewal::Unusable(errors) => {
                    let wrong: Vec<_> = errors.iter().map(|error| format!("grants.http: {error}")).collect();
                    let line = format!("{}; what was there before stays in use", wrong.join("; "));
                    log.tell(Level::Error, &line);
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
        #[expect(clippy::disallowed_methods, reason = "reads local files, once or twice in the life of an exporter")]
        let reading = tokio::task::spawn_blocking(tls::read_system_roots);
        match reading.await {
            Ok(Ok(roots)) => Ok(Arc::new(roots)),
            Ok(Err(why)) => Err(HttpError::Tls(bound(&why))),
            Err(_) => Err(HttpError::Tls("the system's certificate authorities could not be read".into())),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place where redirects and proxies are decided")]
    fn builder(&self) -> ClientBuilder {
        let policy = Arc::clone(&self.grant.policy);
        let resolver = PermittedResolver::new(policy, Arc::clone(&self.lookup), CONNECT_TIMEOUT);
        // First none, so that the environment's are not asked.
        let builder = ClientBuilder::new().no_proxy();
        let builder = match &self.grant.proxy {
            Some(proxy) => builder.proxy(proxy.clone()),
            None => builder,
        };
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
            .http2_keep_alive_interval(KEEP_ALIVE)
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
