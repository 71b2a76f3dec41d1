//! The entrance of one signal: rows come in, batches go out to every lane.
//!
//! Taking in, cutting and offering happen under one lock, so that whoever closes the entrance knows that nothing is on
//! the way between them. No foreign code runs under it, and nothing waits for longer than a copy takes.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use spangate_core::{
    batch::{Batch, Metadata},
    batcher::{BatchLimits, Batcher, Piece},
    otlp::Request,
    signal::Signal,
};

use super::{lane::Lane, received_sampler::ReceivedSampler};

/// The entrance of one signal.
pub(super) struct Entrance {
    inner: Mutex<Inner>,
    /// Rows that are in no queue yet. Written under the lock, read by the other signals' entrances.
    pending_rows: AtomicUsize,
}

struct Inner {
    batcher: Batcher,
    is_closed: bool,
    received: ReceivedLedger,
}

/// Where received rows of one signal went: `received = sampled_out + accepted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReceivedLedger {
    pub(crate) received: u64,
    pub(crate) sampled_out: u64,
    pub(crate) accepted: u64,
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// The queue of this required exporter is full.
    Full(String),
    /// The process stops.
    Closed,
    /// This is another process.
    Elsewhere,
}

/// What a request meets on its way in.
pub(super) struct WayIn<'a> {
    pub(super) lanes: &'a [Arc<Lane>],
    pub(super) sampler: &'a ReceivedSampler,
    /// Rows that are in no queue yet, of the other signals.
    pub(super) pending_elsewhere: usize,
    pub(super) now: Duration,
}

impl Entrance {
    pub(super) fn new(signal: Signal, limits: BatchLimits, boot_id: [u8; 8]) -> Self {
        let inner = Inner {
            batcher: Batcher::new(signal, limits, boot_id),
            is_closed: false,
            received: ReceivedLedger::default(),
        };
        Self { inner: Mutex::new(inner), pending_rows: AtomicUsize::new(0) }
    }

    /// Whether a request may be read at all.
    pub(super) fn admit(&self, signal: Signal, way_in: &WayIn<'_>) -> Result<(), NoRoom> {
        let inner = self.lock();
        inner.admit(signal, way_in, self.pending_rows(), (1, 0))
    }

    /// Takes a request, or none of it.
    pub(super) fn receive(&self, request: Request, metadata: Metadata, way_in: &WayIn<'_>) -> Result<(), NoRoom> {
        let (signal, rows) = (request.signal(), request.rows());
        // Not under the lock: what is kept may be copied.
        let kept = way_in.sampler.sample(request);
        let (accepted, bytes) = kept.as_ref().map_or((0, 0), |kept| (kept.rows(), kept.size()));
        let mut inner = self.lock();
        inner.admit(signal, way_in, self.pending_rows(), (accepted as usize, bytes))?;
        inner.received.received += u64::from(rows);
        inner.received.sampled_out += u64::from(rows - accepted);
        inner.received.accepted += u64::from(accepted);
        if let Some(request) = kept {
            let piece = Piece::Received(request, metadata);
            inner.batcher.push(piece, way_in.now, |batch| offer(batch, way_in.lanes, way_in.now));
        }
        self.count_pending(&inner);
        Ok(())
    }

    /// Takes rows that were recorded in this process and are counted already.
    pub(super) fn record(&self, piece: Piece, lanes: &[Arc<Lane>], now: Duration) {
        let mut inner = self.lock();
        inner.batcher.push(piece, now, |batch| offer(batch, lanes, now));
        self.count_pending(&inner);
    }

    /// Offers the batches that are due.
    pub(super) fn offer_due(&self, lanes: &[Arc<Lane>], now: Duration) {
        let mut inner = self.lock();
        inner.batcher.cut_due(now, |batch| offer(batch, lanes, now));
        self.count_pending(&inner);
    }

    /// Offers everything that is pending.
    pub(super) fn flush(&self, lanes: &[Arc<Lane>], now: Duration) {
        let mut inner = self.lock();
        inner.batcher.flush(|batch| offer(batch, lanes, now));
        self.count_pending(&inner);
    }

    /// From here on requests are refused.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
    }

    /// When the next batch is due.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.lock().batcher.next_deadline()
    }

    /// Rows that are in no queue yet.
    pub(super) fn pending_rows(&self) -> usize {
        self.pending_rows.load(Ordering::Relaxed)
    }

    /// Where received rows went.
    pub(super) fn received(&self) -> ReceivedLedger {
        self.lock().received
    }

    fn count_pending(&self, inner: &Inner) {
        let rows = usize::try_from(inner.batcher.rows()).unwrap_or(usize::MAX);
        self.pending_rows.store(rows, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Offers a batch to every lane, each of which keeps or drops it before the next batch is cut.
fn offer(batch: Batch, lanes: &[Arc<Lane>], now: Duration) {
    let batch = Arc::new(batch);
    for lane in lanes {
        lane.offer(&batch, now);
    }
}

impl Inner {
    fn admit(
        &self,
        signal: Signal,
        way_in: &WayIn<'_>,
        pending_rows: usize,
        (rows, bytes): (usize, usize),
    ) -> Result<(), NoRoom> {
        if self.is_closed {
            return Err(NoRoom::Closed);
        }
        let rows = rows.saturating_add(pending_rows).saturating_add(way_in.pending_elsewhere);
        let full = way_in.lanes.iter().find(|lane| !lane.has_room(signal, rows, bytes));
        full.map_or(Ok(()), |lane| Err(NoRoom::Full(lane.settings().name.clone())))
    }
}
