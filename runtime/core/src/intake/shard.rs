//! What one thread records, or a few threads.

use std::sync::{Arc, atomic::AtomicBool};

use super::{
    flat::FlatSpans,
    lane::Blocks,
    ledger::{IntakeDropReason, IntakeLedger},
    open_chunk::{FullChunk, OpenChunk},
    options::IntakeOptions,
    room::Room,
};
use crate::{event::EventData, scope::Origin, signal::Signal, span::SpanData};

/// Chunks whose memory is kept for later ones: while one is split another is written.
const MAX_SPARE: usize = 2;

/// Behind the shard's lock.
#[derive(Default)]
pub(super) struct Shard {
    /// By signal; made when the first row comes, because most shards never see one.
    open: [Option<Box<OpenChunk>>; Signal::ALL.len()],
    /// By signal.
    pub(super) ledgers: [IntakeLedger; Signal::ALL.len()],
    full: Vec<FullChunk>,
    /// Memory for spans, from chunks that were split.
    spare: Vec<FlatSpans>,
    /// Room reserved and not used.
    spare_rows: usize,
    spare_bytes: usize,
}

/// A row to be taken in.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    Span(&'a SpanData),
    StartedSpan(&'a SpanData),
    Event(&'a EventData),
}

impl Row<'_> {
    pub(super) fn signal(self) -> Signal {
        match self {
            Self::Span(_) => Signal::Spans,
            Self::StartedSpan(_) => Signal::StartedSpans,
            Self::Event(_) => Signal::Events,
        }
    }

    fn size(self) -> usize {
        match self {
            Self::Span(span) | Self::StartedSpan(span) => span.size(),
            Self::Event(event) => event.size(),
        }
    }
}

/// What all shards share.
pub(super) struct Shared {
    pub(super) options: IntakeOptions,
    pub(super) rows: Room,
    pub(super) bytes: Room,
    pub(super) blocks: Blocks,
    /// Whether spans of lanes are kept as they were recorded.
    pub(super) keeps_records: AtomicBool,
}

/// Whether the collector has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Quietly,
    ChunkIsFull,
    NoRoom,
}

impl Shard {
    /// Takes a row in, or counts why not.
    #[inline]
    pub(super) fn push(&mut self, row: Row<'_>, origin: &Arc<Origin>, shared: &Shared) -> Taken {
        let at = row.signal() as usize;
        self.ledgers[at].recorded += 1;
        let cost = self.open[at].get_or_insert_default().cost(row.size(), origin);
        if !self.reserve(cost, shared) {
            self.ledgers[at].dropped[IntakeDropReason::QueueFull as usize] += 1;
            return Taken::NoRoom;
        }
        self.ledgers[at].accepted += 1;
        let open = self.open[at].get_or_insert_default();
        match row {
            Row::Span(span) | Row::StartedSpan(span) => open.push_span(span, origin, cost),
            Row::Event(event) => open.push_event(event, origin, cost),
        }
        if open.rows() < shared.options.chunk_rows && open.bytes() < shared.options.chunk_bytes {
            return Taken::Quietly;
        }
        self.full.push(open.finish(row.signal(), self.spare.pop()));
        Taken::ChunkIsFull
    }

    /// Counts a row that came too late.
    pub(super) fn refuse(&mut self, row: Row<'_>) {
        let ledger = &mut self.ledgers[row.signal() as usize];
        ledger.recorded += 1;
        ledger.dropped[IntakeDropReason::Shutdown as usize] += 1;
    }

    /// Takes memory back for later chunks, unless there is enough.
    pub(super) fn keep(&mut self, spare: FlatSpans) {
        if self.spare.len() < MAX_SPARE {
            self.spare.push(spare);
        }
    }

    /// Full chunks, the oldest first.
    pub(super) fn take_full(&mut self, shared: &Shared, into: &mut Vec<FullChunk>) {
        for chunk in &self.full {
            shared.rows.give_back(chunk.rows as usize);
            shared.bytes.give_back(chunk.bytes);
        }
        into.append(&mut self.full);
    }

    /// All chunks, and the room that was reserved in advance. If there are none the thread is idle, and keeps no memory.
    pub(super) fn take_all(&mut self, shared: &Shared, into: &mut Vec<FullChunk>) {
        for (open, signal) in self.open.iter_mut().zip(Signal::ALL) {
            if let Some(open) = open.as_mut().filter(|open| open.rows() > 0) {
                self.full.push(open.finish(signal, self.spare.pop()));
            }
        }
        if self.full.is_empty() {
            self.open = Default::default();
            self.spare = Vec::new();
        }
        self.take_full(shared, into);
        shared.rows.give_back(std::mem::take(&mut self.spare_rows));
        shared.bytes.give_back(std::mem::take(&mut self.spare_bytes));
    }

    /// Moves one row and so many bytes from what is free to what is in use.
    #[inline]
    fn reserve(&mut self, bytes: usize, shared: &Shared) -> bool {
        if self.spare_rows == 0 {
            let Some(rows) = shared.rows.take(1) else { return false };
            self.spare_rows = rows;
        }
        if self.spare_bytes < bytes {
            let Some(more) = shared.bytes.take(bytes - self.spare_bytes) else { return false };
            self.spare_bytes += more;
        }
        self.spare_rows -= 1;
        self.spare_bytes -= bytes;
        true
    }
}
