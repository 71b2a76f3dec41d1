//! A pipeline to play on: lanes around scripted exporters, a tracer, and requests made of recorded spans.

use std::{sync::Arc, time::Duration};

use spangate_core::{
    batch::{Batch, BatchId},
    clock::Clock,
    columns::{ColumnSet, ColumnsBuilder, pair},
    consumer::{Consumer, Refusal},
    exporter::Exporter,
    intake::{Intake, IntakeOptions, Wake},
    narrow::{Narrowing, Patterns},
    otlp::{Request, ScanLimits, scan},
    queue::QueueLimits,
    retry::RetryPolicy,
    signal::Signal,
    tally::{DropReason, Ledger},
    tracer::Tracer,
};
use tokio::{runtime::Handle, time::Instant};

use super::super::{KeyedHash, Lane, LaneSettings, Pipeline, PipelineParts, ReceivedSampler, Subscription};
use crate::{
    config,
    telemetry::{Log, SparingLog, Sparingly, test_sink::Lines},
};

/// Tokio's clock, which tests can stop.
pub(super) struct PausedClock(Instant);

impl PausedClock {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for PausedClock {
    fn unix_nanos(&self) -> u64 {
        1_700_000_000_000_000_000 + self.monotonic().as_nanos() as u64
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

pub(super) fn settings(name: &str) -> LaneSettings {
    LaneSettings {
        name: name.to_owned(),
        subscription: Subscription { started_spans: false, ..Subscription::everything() },
        required: false,
        concurrency: 1,
        deadline: Duration::from_secs(10),
        queue: QueueLimits::default(),
        retry: RetryPolicy::default(),
        pause: config::Retry::default().pause,
        dead_letters: None,
        narrowing: None,
        sender_headers: Vec::new(),
        reads_otlp_alone: false,
    }
}

/// A narrowing that leaves everything, to begin with.
pub(super) fn open() -> Narrowing {
    Narrowing {
        columns: ColumnSet::ALL,
        allow: None,
        deny: Patterns::default(),
        drop: Vec::new(),
        delete: Patterns::default(),
        hash: Patterns::default(),
        hashing: Arc::new(KeyedHash::of(&config::Select::default()).expect("no key")),
    }
}

/// A running pipeline.
pub(super) struct Stage {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) tracer: Tracer,
    pub(super) lines: Arc<Lines>,
}

impl Stage {
    pub(super) fn new(lanes: Vec<(LaneSettings, Arc<dyn Exporter>)>) -> Self {
        Self::with_sampler(lanes, ReceivedSampler::All)
    }

    pub(super) fn with_sampler(lanes: Vec<(LaneSettings, Arc<dyn Exporter>)>, sampler: ReceivedSampler) -> Self {
        let lines = Arc::new(Lines::default());
        let (log, clock) = (Log::new(lines.clone()), PausedClock::new());
        let lanes = lanes.into_iter().map(|(settings, exporter)| {
            let (name, log) = (settings.name.clone(), log.clone());
            let log = SparingLog::with_clock(&name, Sparingly::ON_EXPORTER, log, clock.clone());
            Lane::new(settings, exporter, Arc::new(log))
        });
        let lanes = lanes.map(Arc::new).collect();
        let batch = config::BatchLimits::default();
        let pipeline = Pipeline::new(PipelineParts { lanes, batch, sampler, clock: clock.clone(), log });
        let pipeline = Arc::new(pipeline);
        pipeline.spawn(&Handle::current(), &Handle::current());
        let tracer = Tracer::builder(clock, pipeline.intake().clone()).build();
        Self { pipeline, tracer, lines }
    }

    /// Records `count` spans named `s0`, `s1` and so on.
    pub(super) fn record(&self, count: u32) {
        for row in 0..count {
            self.tracer.span(format!("s{row}")).start().end();
        }
    }

    /// Offers a request of `count` spans named `s0`, `s1` and so on.
    pub(super) fn receive(&self, count: u32) -> Result<(), Refusal> {
        self.pipeline.consume(Signal::Spans, request(Signal::Spans, count), [].into())
    }

    /// The same, with spans that are counted from `first`.
    pub(super) fn receive_from(&self, first: u32, count: u32) -> Result<(), Refusal> {
        self.pipeline.consume(Signal::Spans, request_from(Signal::Spans, first, count), [].into())
    }

    /// The same, of a tenant.
    pub(super) fn receive_of(&self, tenant: &str, count: u32) {
        let metadata = [("x-tenant".to_owned(), tenant.to_owned())].into();
        self.pipeline.consume(Signal::Spans, request(Signal::Spans, count), metadata).expect("room");
    }

    pub(super) fn ledger(&self, lane: usize) -> Ledger {
        let ledger = self.pipeline.lanes()[lane].ledger();
        assert!(ledger.is_balanced(), "{ledger:?}");
        ledger
    }

    /// Delivers what can be delivered in a minute of the stopped clock, which passes at once.
    pub(super) async fn settle(&self) {
        let _ = self.pipeline.flush(Duration::from_secs(60)).await;
    }
}

/// Rows of a ledger that were dropped for a reason.
pub(super) fn dropped(ledger: &Ledger, reason: DropReason) -> u64 {
    ledger.dropped().filter(|(found, _)| *found == reason).map(|(_, rows)| rows).sum()
}

/// Names of a batch's rows.
pub(super) fn names(batch: &Batch) -> Vec<String> {
    let columns = batch.columns();
    let column = match batch.signal() {
        Signal::Spans | Signal::StartedSpans => &columns.spans.name,
        Signal::Events => &columns.events.name,
    };
    (0..batch.len() as usize).map(|row| columns.text_at(pair(column, row)).to_owned()).collect()
}

/// A request as a receiver makes it of OTLP bytes: spans `s0`, `s1` and so on, or events `even` and `odd` by turns.
pub(super) fn request(signal: Signal, count: u32) -> Request {
    request_from(signal, 0, count)
}

/// The same, with spans that are counted from `first`.
pub(super) fn request_from(signal: Signal, first: u32, count: u32) -> Request {
    struct Deaf;
    impl Wake for Deaf {
        fn wake(&self) {}
    }
    let intake = Arc::new(Intake::new(IntakeOptions::default(), Deaf));
    let tracer = Tracer::builder(PausedClock::new(), intake.clone()).build();
    for row in first..first + count {
        match signal {
            Signal::Events => tracer.event(if row % 2 == 0 { "even" } else { "odd" }).emit(),
            _ => tracer.span(format!("s{row}")).start().end(),
        }
    }
    let mut columns = ColumnsBuilder::default();
    for chunk in intake.take_all() {
        columns.append(&chunk.columns);
    }
    let batch = Batch::recorded(BatchId([0; 16]), signal, columns.freeze(), [].into());
    let limits = ScanLimits { max_rows: 1 << 20, max_decoded_bytes: 1 << 30, max_depth: 32 };
    scan(signal, batch.otlp(), &limits).expect("what was encoded can be scanned").request
}
