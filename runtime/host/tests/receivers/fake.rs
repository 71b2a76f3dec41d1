//! A consumer that remembers, a log that remembers, and receivers on free ports that use them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use spangate::{
    config,
    receiver::{BoundReceiver, Outcome, ReceiverStats, start_otlp_grpc, start_otlp_http},
    telemetry::{Log, LogRecord, LogSink},
};
use spangate_core::{
    batch::Metadata,
    consumer::{Consumer, Refusal},
    otlp::Request,
    signal::Signal,
};

/// Takes everything until told otherwise.
#[derive(Default)]
pub(crate) struct FakeConsumer {
    pub(crate) taken: Mutex<Vec<(Signal, Request, Metadata)>>,
    /// Answered by `admit`.
    pub(crate) full: Mutex<Option<Refusal>>,
    /// Answered by `consume`, after `admit` let the request pass.
    pub(crate) full_meanwhile: Mutex<Option<Refusal>>,
}

impl FakeConsumer {
    /// Bytes of the requests that were taken.
    pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
        self.taken.lock().unwrap().iter().map(|(_, request, _)| request.otlp().to_vec()).collect()
    }

    pub(crate) fn rows(&self) -> u32 {
        self.taken.lock().unwrap().iter().map(|(_, request, _)| request.rows()).sum()
    }
}

impl Consumer for FakeConsumer {
    fn admit(&self, _: Signal) -> Result<(), Refusal> {
        self.full.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn consume(&self, signal: Signal, request: Request, metadata: Metadata) -> Result<(), Refusal> {
        if let Some(refusal) = self.full_meanwhile.lock().unwrap().clone() {
            return Err(refusal);
        }
        self.taken.lock().unwrap().push((signal, request, metadata));
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<String>>);

impl LogSink for Lines {
    fn log(&self, record: &LogRecord<'_>) {
        self.0.lock().unwrap().push(format!("{:?} {}: {}", record.level, record.target, record.message));
    }
}

/// One receiver and everything it talks to.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) consumer: Arc<FakeConsumer>,
    pub(crate) stats: Arc<ReceiverStats>,
    pub(crate) lines: Arc<Lines>,
    pub(crate) receiver: BoundReceiver,
}

impl Running {
    /// Starts `[receivers.otlp_http]` with its defaults, as `change` has them.
    pub(crate) async fn http(change: impl FnOnce(&mut config::Receiver)) -> Self {
        Self::start(config::Receiver::otlp_http(), change, false).await
    }

    /// Starts `[receivers.otlp_grpc]` with its defaults, as `change` has them.
    pub(crate) async fn grpc(change: impl FnOnce(&mut config::Receiver)) -> Self {
        Self::start(config::Receiver::otlp_grpc(), change, true).await
    }

    async fn start(mut config: config::Receiver, change: impl FnOnce(&mut config::Receiver), is_grpc: bool) -> Self {
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        change(&mut config);
        let (consumer, stats, lines) = (Arc::new(FakeConsumer::default()), Arc::default(), Arc::new(Lines::default()));
        let log = Log::new(lines.clone());
        let receiver = match is_grpc {
            true => start_otlp_grpc(config, consumer.clone(), log, Arc::clone(&stats)).await.unwrap(),
            false => start_otlp_http(config, consumer.clone(), log, Arc::clone(&stats)).await.unwrap(),
        };
        Self { address: receiver.local_addr(), consumer, stats, lines, receiver }
    }

    pub(crate) fn requests(&self, outcome: Outcome) -> u64 {
        self.stats.requests(outcome)
    }

    /// Lines of at least warning level.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let lines = self.lines.0.lock().unwrap();
        lines.iter().filter(|line| line.starts_with("Warn") || line.starts_with("Error")).cloned().collect()
    }
}

pub(crate) fn refusal() -> Refusal {
    Refusal { retry_after: Duration::from_millis(2500), reason: "queue of billing is full".to_owned() }
}

/// Waits until `holds`, or fails after ten seconds.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}
