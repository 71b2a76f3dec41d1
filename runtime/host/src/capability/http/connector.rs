//! How connections are made: to judged addresses, without redirects, repetitions or a proxy that the operator did not name.

use std::{sync::Arc, time::Duration};

use reqwest::{ClientBuilder, Proxy, redirect::Policy};
use rustls::RootCertStore;
use tokio::sync::Semaphore;

use super::{
    error::{HttpError, bound},
    grant::HttpGrant,
    material::Connections,
    request::MAX_HEADER_BYTES,
    tls,
};
use crate::capability::egress::{EgressPolicy, Lookup, Lookups, PermittedResolver};

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

/// Makes the connections of one exporter.
pub(super) struct Connector {
    policy: Arc<EgressPolicy>,
    proxy: Option<Proxy>,
    max_idle: usize,
    lookups: Arc<Lookups>,
    /// The system's authorities are read by one at a time, however slow the disk is.
    reading: Arc<Semaphore>,
    /// Where connections come from, instead of where the system says.
    #[cfg(test)]
    pub(super) source_address: Option<std::net::IpAddr>,
}

impl Connector {
    /// As the operator granted it; names are asked of `lookup`. So many connections to a host are kept when they have
    /// nothing to do.
    pub(super) fn new(grant: &HttpGrant, max_idle: usize, lookup: Arc<dyn Lookup>) -> Self {
        Self {
            policy: Arc::clone(&grant.policy),
            proxy: grant.proxy.clone(),
            max_idle,
            lookups: Lookups::new(lookup, CONNECT_TIMEOUT),
            reading: Arc::new(Semaphore::new(1)),
            #[cfg(test)]
            source_address: None,
        }
    }

    /// Connections for requests, made when first needed.
    ///
    /// # Errors
    /// If the authorities cannot be read, or identity and key do not fit.
    pub(super) async fn connect<'c>(
        &self,
        over: &'c Connections,
        http2: bool,
    ) -> Result<&'c reqwest::Client, HttpError> {
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
        if !self.policy.has_https() {
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
        let policy = Arc::clone(&self.policy);
        let resolver = PermittedResolver::new(policy, Arc::clone(&self.lookups));
        // First none, so that the environment's are not asked.
        let builder = ClientBuilder::new().no_proxy();
        let builder = match &self.proxy {
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
            .pool_max_idle_per_host(self.max_idle)
            .tcp_keepalive(KEEP_ALIVE)
            .tcp_keepalive_interval(PROBE_TIMEOUT / PROBES)
            .tcp_keepalive_retries(PROBES)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(PROBE_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .http2_max_header_list_size(MAX_HEADER_BYTES as u32)
    }
}
