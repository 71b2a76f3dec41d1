//! Starts and stops a receiver.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use spangate_core::consumer::Consumer;

use super::{
    intake::Intake,
    listener::{Answer, BindError, ListenerLimits, Listening, bind, listen},
    otlp_grpc::OtlpGrpc,
    otlp_http::OtlpHttp,
    stats::ReceiverStats,
};
use crate::{config, telemetry::Log};

/// How long a connection may be idle between two requests: longer than the minute that is the longest usual interval
/// between exports.
const IDLE: Duration = Duration::from_secs(300);

/// A receiver at work. Dropping it cuts every connection.
#[derive(Debug)]
pub struct BoundReceiver {
    local_addr: SocketAddr,
    listening: Listening,
}

impl BoundReceiver {
    /// Where it listens; tells the port if the configuration said 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
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
    let (table, target) = ("receivers.otlp_http", "receiver.otlp_http");
    start(&config, table, target, &log, &stats.clone(), |config| {
        OtlpHttp::new(Intake::new(config, consumer, log.clone(), target, stats))
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
    let (table, target) = ("receivers.otlp_grpc", "receiver.otlp_grpc");
    start(&config, table, target, &log, &stats.clone(), |config| {
        OtlpGrpc::new(Intake::new(config, consumer, log.clone(), target, stats))
    })
    .await
}

async fn start<A: Answer>(
    config: &config::Receiver,
    table: &'static str,
    target: &'static str,
    log: &Log,
    stats: &ReceiverStats,
    answer: impl FnOnce(config::Receiver) -> A,
) -> Result<BoundReceiver, BindError> {
    let (listener, local_addr) = bind(config.listen, table).await?;
    let limits = ListenerLimits {
        max_connections: config.max_connections,
        // One stream more than there are slots, so that a refusal can be told instead of the stream being withheld.
        max_concurrent_streams: u32::try_from(config.max_concurrent_requests).unwrap_or(u32::MAX).saturating_add(1),
        first_request: config.read_timeout,
        idle: IDLE,
    };
    let answer = Arc::new(answer(config.clone()));
    let listening = listen(listener, answer, limits, stats.connections.clone(), log.clone(), target);
    Ok(BoundReceiver { local_addr, listening })
}
