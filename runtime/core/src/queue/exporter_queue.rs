//! Waiting batches in order, and their account.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{QueueEntry, QueueLimits, WhenFull};
use crate::{
    batch::Batch,
    poison::Suspicion,
    split::Pieces,
    tally::{DropReason, Settled, Tally},
};

/// A bounded queue of batches whose every move is in a [`Tally`].
#[derive(Debug)]
pub struct ExporterQueue {
    limits: QueueLimits,
    tally: Arc<Tally>,
    /// Ascending by [`place`].
    entries: VecDeque<QueueEntry>,
    /// Whether what was taken out or came back last is suspected of making the exporter fault.
    was_suspect: bool,
    rows: usize,
    bytes: usize,
    next_sequence: u64,
}

/// What became of a batch that was pushed.
#[derive(Debug)]
#[must_use = "a refused batch has to be handed back"]
pub enum Pushed {
    /// All of it waits.
    Queued,
    /// So many rows were dropped and counted, of this batch or of older ones.
    Dropped(u32),
    /// This was not taken, nor counted: all of it, or the last rows of a batch that was cut and had room for some.
    Refused(Arc<Batch>),
}

impl ExporterQueue {
    /// An empty queue that keeps its account in `tally`.
    pub fn new(limits: QueueLimits, tally: Arc<Tally>) -> Self {
        Self { limits, tally, entries: VecDeque::new(), was_suspect: false, rows: 0, bytes: 0, next_sequence: 0 }
    }

    /// The account.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Whether so much more would wait within the bounds. An empty queue has room for anything.
    pub fn has_room(&self, rows: usize, bytes: usize) -> bool {
        let fits = self.rows.saturating_add(rows) <= self.limits.max_rows
            && self.bytes.saturating_add(bytes) <= self.limits.max_bytes;
        self.entries.is_empty() || fits
    }

    /// Puts a batch at the end, cut to the limits, each piece kept or dropped before the next is made. If there is no
    /// room, [`WhenFull`] decides.
    pub fn push(&mut self, batch: Arc<Batch>, now: Duration) -> Pushed {
        let max_rows = u32::try_from(self.limits.max_rows).unwrap_or(u32::MAX).min(self.limits.max_batch_rows);
        let max_bytes = self.limits.max_batch_bytes.min(self.limits.max_bytes);
        let mut pieces = Pieces::new(batch, max_rows, max_bytes);
        let mut dropped = 0;
        while let Some(piece) = pieces.next() {
            if self.limits.when_full == WhenFull::DropOldest {
                dropped += self.make_room(&piece);
            }
            let has_room = self.has_room(piece.len() as usize, charge(&piece));
            if !has_room && self.limits.when_full == WhenFull::Refuse {
                return Pushed::Refused(pieces.rest_with(&piece));
            }
            self.tally.accept(piece.len());
            if has_room {
                self.append(piece, now);
            } else {
                self.tally.drop_queued(piece.len(), DropReason::QueueFull);
                dropped += piece.len();
            }
        }
        if dropped == 0 { Pushed::Queued } else { Pushed::Dropped(dropped) }
    }

    /// Takes the first batch that may be tried now, and counts the attempt. Its rows are in flight until
    /// [`Self::finish`] or [`Self::requeue`]. A batch that is suspected of making the exporter fault is followed by one that
    /// is not, if there is one.
    pub fn pop_ready(&mut self, now: Duration) -> Option<QueueEntry> {
        let is_ready = |entry: &QueueEntry| entry.not_before <= now;
        let is_innocent = |entry: &QueueEntry| is_ready(entry) && !entry.suspicion.is_suspect();
        let innocent = if self.was_suspect { self.entries.iter().position(is_innocent) } else { None };
        let at = innocent.or_else(|| self.entries.iter().position(is_ready))?;
        let mut entry = self.take(at)?;
        self.was_suspect = entry.suspicion.is_suspect();
        entry.attempt = entry.attempt.saturating_add(1);
        self.tally.start(entry.rows());
        Some(entry)
    }

    /// An attempt is over and nothing of it is to be tried again. `settled` accounts for all of its rows.
    pub fn finish(&mut self, settled: Settled) {
        self.tally.finish(settled);
    }

    /// An attempt is over and these entries, made of the one that was popped, go back to its place. `settled` accounts
    /// for the other rows; `requeued` is set here.
    pub fn requeue(&mut self, entries: impl IntoIterator<Item = QueueEntry>, settled: Settled) {
        let mut requeued = 0;
        for entry in entries {
            self.was_suspect |= entry.suspicion.has_faulted();
            requeued += entry.rows();
            self.rows += entry.rows() as usize;
            self.bytes += charge(&entry.batch);
            let at = self.entries.partition_point(|earlier| place(earlier) <= place(&entry));
            self.entries.insert(at, entry);
        }
        self.tally.finish(Settled { requeued, ..settled });
    }

    /// When the next batch may be tried. None if nothing waits.
    pub fn next_ready_at(&self) -> Option<Duration> {
        self.entries.iter().map(|entry| entry.not_before).min()
    }

    /// Lets everything that waits be tried now, whatever it was waiting for.
    pub fn ready_all(&mut self, now: Duration) {
        for entry in &mut self.entries {
            entry.not_before = entry.not_before.min(now);
        }
    }

    /// Drops every waiting batch that entered more than `max_age` ago; returns the rows. What a backend's refusal of the
    /// credentials kept is kept whatever its age.
    pub fn drop_older_than(&mut self, max_age: Duration, now: Duration) -> u64 {
        let is_old = |entry: &QueueEntry| now.saturating_sub(entry.enqueued_at) > max_age;
        self.drop_where(DropReason::TooOld, |entry| entry.unauthorized == 0 && is_old(entry))
    }

    /// When what has waited longest entered. None if nothing waits.
    pub fn oldest(&self) -> Option<Duration> {
        self.entries.iter().filter(|entry| entry.unauthorized == 0).map(|entry| entry.enqueued_at).min()
    }

    /// Drops everything that waits; returns the rows.
    pub fn drop_all(&mut self, reason: DropReason) -> u64 {
        self.drop_where(reason, |_| true)
    }

    /// Rows that wait.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Batches that wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn append(&mut self, batch: Arc<Batch>, now: Duration) {
        self.rows += batch.len() as usize;
        self.bytes += charge(&batch);
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.entries.push_back(QueueEntry {
            batch,
            enqueued_at: now,
            attempt: 0,
            suspicion: Suspicion::default(),
            unauthorized: 0,
            is_narrowing_counted: false,
            not_before: now,
            sequence,
        });
    }

    /// Drops what has waited longest until the batch fits; returns the rows.
    fn make_room(&mut self, batch: &Batch) -> u32 {
        let mut dropped = 0;
        while !self.has_room(batch.len() as usize, charge(batch)) {
            let Some(oldest) = self.take(0) else { break };
            self.tally.drop_queued(oldest.rows(), DropReason::QueueFull);
            dropped += oldest.rows();
        }
        dropped
    }

    fn drop_where(&mut self, reason: DropReason, is_dropped: impl Fn(&QueueEntry) -> bool) -> u64 {
        let mut dropped = 0;
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            if is_dropped(entry)
                && let Some(entry) = self.take(at)
            {
                self.tally.drop_queued(entry.rows(), reason);
                dropped += u64::from(entry.rows());
            } else {
                at += 1;
            }
        }
        dropped
    }

    fn take(&mut self, at: usize) -> Option<QueueEntry> {
        let entry = self.entries.remove(at)?;
        self.rows -= entry.rows() as usize;
        self.bytes -= charge(&entry.batch);
        Some(entry)
    }
}

/// Where an entry stands. Of one batch that was cut, what has not been tried comes first, and then the smallest: so siblings
/// are tried before either is cut, and there are never more pieces than the cuts that lead to a row leave behind.
fn place(entry: &QueueEntry) -> (u64, bool, u32) {
    (entry.sequence, entry.suspicion.has_faulted(), entry.rows())
}

/// What a waiting batch takes besides its rows: an exporter may ask for one row at a time, and each is a batch.
pub(super) const ENTRY_BYTES: usize = 1 << 10;

/// Bytes that a waiting batch keeps.
fn charge(batch: &Batch) -> usize {
    ENTRY_BYTES + batch.size() + batch.metadata_size()
}
