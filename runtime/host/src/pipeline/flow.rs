//! The pipeline as a whole: entrances and lanes.

use std::{
    hash::{BuildHasher, RandomState},
    process,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use spangate_core::{
    batcher::BatchLimits,
    clock::Clock,
    intake::{Intake, IntakeLedger, IntakeOptions},
    signal::Signal,
};
use tokio::{
    sync::{Notify, futures::Notified, watch},
    task::JoinHandle,
};

use super::{
    collector_wake::CollectorWake,
    entrance::{Entrance, ReceivedLedger, WayIn},
    home::Home,
    lane::Lane,
    received_sampler::ReceivedSampler,
};
use crate::{config, telemetry::Log};

/// What a pipeline is made of.
pub(crate) struct PipelineParts {
    pub(crate) lanes: Vec<Arc<Lane>>,
    pub(crate) batch: config::BatchLimits,
    pub(crate) sampler: ReceivedSampler,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
}

/// Which of what was recorded is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Full chunks, or everything when room is short.
    Ready,
    /// Everything; it has waited long enough, so batches are cut at once.
    All,
}

/// Everything between what takes rows in and the exporters.
pub(crate) struct Pipeline {
    pub(super) lanes: Vec<Arc<Lane>>,
    entrances: [Entrance; Signal::ALL.len()],
    intake: Arc<Intake>,
    home: Home,
    sampler: ReceivedSampler,
    clock: Arc<dyn Clock>,
    pub(super) log: Log,
    schedule_delay: Duration,
    wake: Arc<Notify>,
    /// Held from taking out of the intake until the rows are in an entrance: between the two they are in no account.
    collecting: Mutex<()>,
    pub(super) cut_off: watch::Sender<bool>,
    pub(super) tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Pipeline {
    /// A pipeline at rest.
    pub(crate) fn new(parts: PipelineParts) -> Self {
        let batch = BatchLimits {
            max_rows: u32::try_from(parts.batch.max_export_batch_size).unwrap_or(u32::MAX),
            max_bytes: parts.batch.max_export_batch_bytes,
            schedule_delay: parts.batch.schedule_delay,
            metadata_cardinality_limit: parts.batch.metadata_cardinality_limit,
        };
        let wake = Arc::new(Notify::new());
        let options = IntakeOptions { chunk_rows: batch.max_rows.max(1), ..IntakeOptions::default() };
        let home = Home::here();
        let intake = Arc::new(Intake::new(options, CollectorWake { collector: wake.clone(), home }));
        intake.take_started_spans(parts.lanes.iter().any(|lane| lane.settings().subscription.started_spans));
        let takes_spans = |lane: &&Arc<Lane>| lane.settings().subscription.wants(Signal::Spans);
        intake.keep_records(parts.lanes.iter().filter(takes_spans).all(|lane| lane.settings().reads_otlp_alone));
        Self {
            lanes: parts.lanes,
            entrances: Signal::ALL.map(|signal| Entrance::new(signal, batch, boot_id())),
            intake,
            home,
            sampler: parts.sampler,
            clock: parts.clock,
            log: parts.log,
            schedule_delay: batch.schedule_delay,
            wake,
            collecting: Mutex::new(()),
            cut_off: watch::Sender::new(false),
            tasks: Mutex::new(Vec::new()),
        }
    }

    /// Where its threads are.
    pub(crate) fn home(&self) -> Home {
        self.home
    }

    /// Where tracers record into.
    pub(crate) fn intake(&self) -> &Arc<Intake> {
        &self.intake
    }

    /// One lane per exporter.
    #[cfg(test)]
    pub(super) fn lanes(&self) -> &[Arc<Lane>] {
        &self.lanes
    }

    /// Where recorded rows of a signal went.
    pub(crate) fn recorded(&self, signal: Signal) -> IntakeLedger {
        self.intake.ledger(signal)
    }

    /// Where received rows of a signal went.
    pub(crate) fn received(&self, signal: Signal) -> ReceivedLedger {
        self.entrance(signal).received()
    }

    /// Brings recorded rows to the entrances.
    pub(super) fn collect_recorded(&self, share: Share, now: Duration) {
        let _guard = self.collecting.lock().unwrap_or_else(PoisonError::into_inner);
        let chunks = match share {
            Share::Ready => self.intake.take_ready(),
            Share::All => self.intake.take_all(),
        };
        let signals = chunks.iter().fold([false; Signal::ALL.len()], |mut signals, chunk| {
            signals[chunk.signal as usize] = true;
            signals
        });
        for chunk in chunks {
            self.entrance(chunk.signal).record(chunk.into_piece(), &self.lanes, now);
        }
        for signal in Signal::ALL.into_iter().filter(|signal| share == Share::All && signals[*signal as usize]) {
            self.entrance(signal).flush(&self.lanes, now);
        }
    }

    /// Offers the batches that are due.
    pub(super) fn offer_due(&self, now: Duration) {
        for entrance in &self.entrances {
            entrance.offer_due(&self.lanes, now);
        }
    }

    /// Offers everything that was taken in so far.
    pub(super) fn offer_all(&self) {
        let now = self.clock.monotonic();
        self.collect_recorded(Share::All, now);
        for entrance in &self.entrances {
            entrance.flush(&self.lanes, now);
        }
    }

    /// From here on nothing is taken in.
    pub(super) fn close_entrances(&self) {
        self.intake.close();
        for entrance in &self.entrances {
            entrance.close();
        }
    }

    pub(super) fn entrance(&self, signal: Signal) -> &Entrance {
        &self.entrances[signal as usize]
    }

    pub(super) fn way_in(&self, signal: Signal) -> WayIn<'_> {
        let elsewhere = Signal::ALL.iter().filter(|other| **other != signal);
        WayIn {
            lanes: &self.lanes,
            sampler: &self.sampler,
            pending_elsewhere: elsewhere.map(|other| self.entrance(*other).pending_rows()).sum(),
            now: self.clock.monotonic(),
        }
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(super) fn schedule_delay(&self) -> Duration {
        self.schedule_delay
    }

    pub(super) fn collector_woken(&self) -> Notified<'_> {
        self.wake.notified()
    }
}

/// Eight bytes that no other pipeline has. The generator alone would give a child process what it gives its parent.
fn boot_id() -> [u8; 8] {
    RandomState::new().hash_one((process::id(), Instant::now(), fastrand::u64(..))).to_be_bytes()
}
