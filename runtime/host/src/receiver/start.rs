//! Starts and stops a receiver.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use spangate_core::consumer::Consumer;
use tokio::task::JoinSet;

use super::{
    answer::Answer,
    bind::{BindError, bind},
    intake::Intake,
    listener::{Listening, listen},
    listener_limits::ListenerLimits,
    otlp_grpc::OtlpGrpc,
    otlp_http::OtlpHttp,
    security::Credentials,
    stats::ReceiverStats,
};
use crate::{
    config,
    status::{AuthStatus, TlsStatus},
    telemetry::{Level, Log},
};

/// How long a connection may be idle between two requests: longer than the minute that is the longest usual interval
/// between exports.
const IDLE: Duration = Duration::from_secs(300);
/// TLS handshakes at once, of one receiver. One takes a round trip or two, so that this is thousands in a second.
const MAX_HANDSHAKES: usize = 128;

/// A receiver at work. Dropping it cuts every connection.
#[derive(Debug)]
pub struct BoundReceiver {
    local_addr: SocketAddr,
    listening: Listening,
    access: ReceiverAccess,
    _watching: JoinSet<()>,
}

/// What is known of a receiver's certificates and tokens; may outlive the receiver.
#[derive(Clone, Debug)]
pub struct ReceiverAccess(Credentials);

impl ReceiverAccess {
    /// The certificates; none without TLS.
    pub fn tls(&self) -> Option<TlsStatus> {
        self.0.tls_status()
    }

    /// The tokens; none if anybody may send.
    pub fn auth(&self) -> Option<AuthStatus> {
        self.0.auth_status()
    }
}

impl BoundReceiver {
    /// Where it listens; tells the port if the configuration said 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Its certificates and tokens.
    pub fn access(&self) -> ReceiverAccess {
        self.access.clone()
    }

    /// Closes the port at once, lets requests that have begun finish, and cuts what is left after `deadline`.
    /// Returns how many connections were cut.
    pub async fn stop(self, deadline: Duration) -> u64 {
        self.listening.stop(deadline).await
    }
}

/// Starts `[receivers.otlp_http]` on the current tokio runtime.
///
/// # Errors
/// [`BindError`] names the address and what to do.
pub async fn start_otlp_http(
    config: config::Receiver,
    consumer: Arc<dyn Consumer>,
    log: Log,
    stats: Arc<ReceiverStats>,
) -> Result<BoundReceiver, BindError> {
    let place = Place { table: "receivers.otlp_http", target: "receiver.otlp_http", log: log.clone() };
    start(&config, place, &stats.clone(), |config, credentials| {
        OtlpHttp::new(Intake::new(config, consumer, log, "receiver.otlp_http", stats, credentials))
    })
    .await
}

/// Starts `[receivers.otlp_grpc]` on the current tokio runtime.
///
/// # Errors
/// [`BindError`] names the address and what to do.
pub async fn start_otlp_grpc(
    config: config::Receiver,
    consumer: Arc<dyn Consumer>,
    log: Log,
    stats: Arc<ReceiverStats>,
) -> Result<BoundReceiver, BindError> {
    let place = Place { table: "receivers.otlp_grpc", target: "receiver.otlp_grpc", log: log.clone() };
    start(&config, place, &stats.clone(), |config, credentials| {
        OtlpGrpc::new(Intake::new(config, consumer, log, "receiver.otlp_grpc", stats, credentials))
    })
    .await
}

/// How a receiver is called in the configuration and in the log.
struct Place {
    table: &'static str,
    target: &'static str,
    log: Log,
}

async fn start<A: Answer>(
    config: &config::Receiver,
    Place { table, target, log }: Place,
    stats: &ReceiverStats,
    answer: impl FnOnce(config::Receiver, Credentials) -> A,
) -> Result<BoundReceiver, BindError> {
    let address = config.listen;
    if let Some(lacking) = config.lacking_protection() {
        return Err(BindError::Exposed { address, table, lacking });
    }
    let credentials = Credentials::load(config).map_err(|error| BindError::File { table, error })?;
    if let Some(warning) = credentials.warning() {
        log.say(Level::Warn, target, format_args!("{warning}"));
    }
    let (listener, local_addr) = bind(address, table).await?;
    let limits = ListenerLimits {
        max_connections: config.max_connections,
        max_handshakes: MAX_HANDSHAKES,
        max_body_bytes: config.max_request_bytes,
        // One stream more than there are slots, so that a refusal can be told instead of the stream being withheld.
        max_concurrent_streams: u32::try_from(config.max_concurrent_requests).unwrap_or(u32::MAX).saturating_add(1),
        first_request: config.read_timeout,
        idle: IDLE,
    };
    let watching = credentials.watch(config, &log, target);
    let answer = Arc::new(answer(config.clone(), credentials.clone()));
    let listening = listen(listener, answer, limits, stats.connections.clone(), credentials.tls(), log, target);
    Ok(BoundReceiver { local_addr, listening, access: ReceiverAccess(credentials), _watching: watching })
}
