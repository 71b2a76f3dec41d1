//! Starts the receivers of a configuration, and what is known of them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use spangate_core::consumer::Consumer;

use crate::{
    config,
    receiver::{BindError, BoundReceiver, Outcome, ReceiverAccess, ReceiverStats, start_otlp_grpc, start_otlp_http},
    status::ReceiverStatus,
    telemetry::Log,
};

/// A receiver as others see it.
pub(super) struct ReceiverView {
    pub(super) name: &'static str,
    pub(super) local_addr: SocketAddr,
    stats: Arc<ReceiverStats>,
    access: ReceiverAccess,
    is_bound: AtomicBool,
}

/// A receiver at work.
pub(super) struct RunningReceiver {
    pub(super) view: Arc<ReceiverView>,
    bound: BoundReceiver,
}

/// Starts every receiver of `[receivers]`. Where one cannot be started the others are stopped again.
///
/// # Errors
/// One for every receiver that cannot be started.
pub(super) async fn start_receivers(
    config: config::Receivers,
    consumer: Arc<dyn Consumer>,
    log: Log,
) -> Result<Vec<RunningReceiver>, Vec<BindError>> {
    let (mut running, mut errors) = (Vec::new(), Vec::new());
    if let Some(config) = config.otlp_http {
        let stats = Arc::new(ReceiverStats::default());
        let bound = start_otlp_http(config, consumer.clone(), log.clone(), stats.clone()).await;
        take("otlp_http", bound, stats, &mut running, &mut errors);
    }
    if let Some(config) = config.otlp_grpc {
        let stats = Arc::new(ReceiverStats::default());
        let bound = start_otlp_grpc(config, consumer, log, stats.clone()).await;
        take("otlp_grpc", bound, stats, &mut running, &mut errors);
    }
    if errors.is_empty() { Ok(running) } else { Err(errors) }
}

fn take(
    name: &'static str,
    bound: Result<BoundReceiver, BindError>,
    stats: Arc<ReceiverStats>,
    running: &mut Vec<RunningReceiver>,
    errors: &mut Vec<BindError>,
) {
    match bound {
        Ok(bound) => {
            let (local_addr, access, is_bound) = (bound.local_addr(), bound.access(), AtomicBool::new(true));
            let view = Arc::new(ReceiverView { name, local_addr, stats, access, is_bound });
            running.push(RunningReceiver { view, bound });
        }
        Err(error) => errors.push(error),
    }
}

impl RunningReceiver {
    /// Closes the port, lets requests that have begun finish, cuts what is left after `deadline`.
    pub(super) async fn stop(self, deadline: Duration) {
        self.view.is_bound.store(false, Ordering::SeqCst);
        self.bound.stop(deadline).await;
    }
}

impl ReceiverView {
    pub(super) fn is_bound(&self) -> bool {
        self.is_bound.load(Ordering::SeqCst)
    }

    pub(super) fn status(&self) -> ReceiverStatus {
        let stats = &self.stats;
        let requests = Outcome::ALL.map(|outcome| (outcome.as_str(), stats.requests(outcome)));
        let connections = &stats.connections;
        let counts = [
            ("bytes_received", &stats.bytes_received),
            ("spans_received", &stats.spans_received),
            ("events_received", &stats.events_received),
            ("rows_rejected", &stats.rows_rejected),
            ("plain_logs_dropped", &stats.plain_logs_dropped),
            ("metric_points_dropped", &stats.metric_points_dropped),
            ("preflights", &stats.preflights),
            ("preflights_refused", &stats.preflights_refused),
            ("connections_accepted", &connections.accepted),
            ("connections_refused", &connections.refused),
            ("connections_evicted", &connections.evicted),
            ("connections_timed_out", &connections.timed_out),
            ("connections_unopened", &connections.unopened),
            ("accept_errors", &connections.accept_errors),
        ];
        ReceiverStatus {
            name: self.name,
            listen: self.local_addr.to_string(),
            bound: self.is_bound(),
            tls: self.access.tls(),
            auth: self.access.auth(),
            connections_open: connections.open(),
            requests: requests.into_iter().filter(|(_, count)| *count > 0).collect(),
            counts: counts.into_iter().map(|(name, counter)| (name, counter.get())).collect(),
        }
    }
}
