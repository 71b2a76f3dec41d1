//! What one thread records, where nobody else writes.
//!
//! Constraints: the thread that records neither locks nor waits nor writes what another thread writes, except once in many
//! spans; a thread that stops recording, or ends, keeps nobody from collecting what it wrote.
//!
//! Design: spans lie in blocks, each behind the other. A span is written first and published then, by the number of
//! spans there are; the collector reads what was published and keeps its own place. Full blocks come back when they have
//! been read. A span that is written in another way, or finds no room here, goes behind the shard's lock.
#![expect(unsafe_code, reason = "the thread that owns a lane writes to it without a lock")]

use std::{
    cell::UnsafeCell,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release, SeqCst},
            compiler_fence,
        },
    },
};

use super::{
    block::Block,
    reader::Reader,
    record::{END, Measure, measure, write},
};
use crate::{
    intake::{chunk::Chunk, shard::Shared},
    scope::Origin,
    span::SpanData,
    thread_slot::{OwnLine, ThreadOwner, ThreadSlot},
};

/// What happened to a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Pushed {
    Quietly,
    /// Enough for a chunk is there.
    ChunkIsFull,
    /// It has to go another way.
    Not,
}

/// The way of one thread's spans.
#[derive(Default)]
pub(in crate::intake) struct Lane {
    owner: ThreadOwner,
    /// While the owner writes: if what it calls then came here a second time, that span would go another way.
    is_busy: AtomicBool,
    writer: OwnWriter,
    /// Spans that were written.
    pub(super) published: AtomicU64,
    /// Those of them that are in full chunks.
    ready: AtomicU64,
    /// Until the reader has it. From there on each block has the next.
    first: Mutex<Option<Arc<Block>>>,
    reading: OwnLine<Reading>,
}

/// The other side.
#[derive(Default)]
struct Reading {
    reader: Mutex<Reader>,
    /// Spans that were read.
    taken: AtomicU64,
    /// Whether the last were read after the intake was closed: what is not read by then is lost.
    is_sealed: AtomicBool,
}

/// Reached by the owner of the lane alone.
#[derive(Default)]
struct OwnWriter(UnsafeCell<Writer>);

// SAFETY: `Lane::push` alone comes to it, on the thread that owns the lane, and never a second time while it is there. A
// thread that counts as the owner after the owner's end lives in the same thread-local memory: it began after that end.
unsafe impl Sync for OwnWriter {}

/// Where the next span goes.
#[derive(Default)]
struct Writer {
    block: Option<Arc<Block>>,
    /// The first word that is free.
    at: usize,
    /// Address of the last span's origin, which the block keeps alive, and its number there.
    origin: (usize, usize),
    /// Spans for which there is room.
    spare_rows: usize,
    written: u64,
    /// Spans since the last full chunk, and bytes of them.
    rows: u32,
    bytes: usize,
    /// Spans up to there.
    ready: u64,
}

impl Lane {
    /// Whether it is this thread's.
    #[inline]
    pub(in crate::intake) fn is_own(&self, slot: ThreadSlot) -> bool {
        self.owner.is(slot)
    }

    /// Writes a span, if this thread may and there is room.
    #[inline]
    pub(in crate::intake) fn push(
        &self,
        slot: ThreadSlot,
        span: &SpanData,
        origin: &Arc<Origin>,
        shared: &Shared,
    ) -> Pushed {
        if !self.owner.is(slot) || self.is_busy.load(Relaxed) {
            return Pushed::Not;
        }
        let Some(measure) = measure(span) else { return Pushed::Not };
        self.is_busy.store(true, Relaxed);
        compiler_fence(SeqCst);
        // SAFETY: this is the owner, and as it was not busy there is no other reference to the writer.
        let writer = unsafe { &mut *self.writer.0.get() };
        let pushed = if writer.has_room(measure, origin) || writer.make_room(measure, origin, self, shared) {
            writer.write(span, measure);
            self.published.store(writer.written, Release);
            writer.count(measure, self, shared)
        } else {
            Pushed::Not
        };
        compiler_fence(SeqCst);
        self.is_busy.store(false, Relaxed);
        pushed
    }

    /// Reads full chunks.
    pub(in crate::intake) fn take_ready(&self, shared: &Shared, into: &mut Vec<Chunk>) {
        self.take(&self.ready, shared, into);
    }

    /// Reads all there is. If the intake is closed, what is written from here on is lost.
    pub(in crate::intake) fn take_all(&self, is_closed: bool, shared: &Shared, into: &mut Vec<Chunk>) {
        self.take(&self.published, shared, into);
        if is_closed {
            self.reading.0.is_sealed.store(true, Relaxed);
        }
    }

    fn take(&self, until: &AtomicU64, shared: &Shared, into: &mut Vec<Chunk>) {
        let Reading { reader, taken, .. } = &self.reading.0;
        let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        let until = until.load(Acquire);
        if reader.read >= until {
            return;
        }
        if let Some(first) = self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            reader.begin(first);
        }
        while reader.read < until {
            let before = reader.read;
            // SAFETY: so many spans were published from the first block on, and `before` of them this reader has passed.
            let chunk = unsafe { reader.read(until - before, shared) };
            taken.store(reader.read, Relaxed);
            if reader.read == before {
                break;
            }
            if chunk.rows > 0 {
                into.push(chunk);
            }
        }
    }

    /// Spans that were taken in, and those of them that came too late to be collected.
    pub(in crate::intake) fn counts(&self) -> (u64, u64) {
        let published = self.published.load(Relaxed);
        let Reading { taken, is_sealed, .. } = &self.reading.0;
        let too_late = if is_sealed.load(Relaxed) { published.saturating_sub(taken.load(Relaxed)) } else { 0 };
        (published, too_late)
    }
}

impl Writer {
    #[inline]
    fn has_room(&self, measure: Measure, origin: &Arc<Origin>) -> bool {
        let len = self.block.as_ref().map_or(0, |block| block.len());
        self.spare_rows > 0 && self.at + measure.words <= len && self.origin.0 == Arc::as_ptr(origin).addr()
    }

    /// Whether there is room now.
    #[cold]
    fn make_room(&mut self, measure: Measure, origin: &Arc<Origin>, lane: &Lane, shared: &Shared) -> bool {
        if measure.words > shared.blocks.words {
            return false;
        }
        if self.spare_rows == 0 {
            let Some(rows) = shared.rows.take(1) else { return false };
            self.spare_rows = rows;
        }
        let known = self.block.as_ref().filter(|block| self.at + measure.words <= block.len());
        let number = match known.and_then(|block| block.number_of(origin)) {
            Some(number) => number,
            None => {
                if !self.begin_block(lane, shared) {
                    return false;
                }
                self.block.as_ref().and_then(|block| block.number_of(origin)).unwrap_or_default()
            }
        };
        self.origin = (Arc::as_ptr(origin).addr(), number);
        true
    }

    fn begin_block(&mut self, lane: &Lane, shared: &Shared) -> bool {
        let blocks = &shared.blocks;
        if !shared.bytes.take_exactly(blocks.bytes()) {
            return false;
        }
        let next = blocks.take();
        match &self.block {
            Some(block) => {
                // SAFETY: nothing behind the last span is published, and this thread alone writes.
                if let [end, ..] = unsafe { block.unpublished(self.at..block.len()) } {
                    *end = END;
                }
                let is_linked = block.next.set(next.clone()).is_ok();
                debug_assert!(is_linked, "a block has one successor");
            }
            None => *lane.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(next.clone()),
        }
        (self.block, self.at) = (Some(next), 0);
        true
    }

    #[inline]
    fn write(&mut self, span: &SpanData, measure: Measure) {
        if let Some(block) = &self.block {
            // SAFETY: nothing behind the last span is published, and this thread alone writes.
            let words = unsafe { block.unpublished(self.at..self.at + measure.words) };
            write(span, self.origin.1, measure, words);
        }
        self.at += measure.words;
        self.written += 1;
        self.spare_rows -= 1;
    }

    #[inline]
    fn count(&mut self, measure: Measure, lane: &Lane, shared: &Shared) -> Pushed {
        self.rows += 1;
        self.bytes += measure.words * size_of::<u64>();
        if self.rows < shared.options.chunk_rows && self.bytes < shared.options.chunk_bytes {
            return Pushed::Quietly;
        }
        self.finish_chunk(lane, shared)
    }

    /// Ends a chunk, unless some of it was collected meanwhile.
    #[cold]
    fn finish_chunk(&mut self, lane: &Lane, shared: &Shared) -> Pushed {
        let begun = self.ready.max(lane.reading.0.taken.load(Relaxed));
        let rows = u32::try_from(self.written - begun).unwrap_or(u32::MAX);
        if rows < self.rows && rows < shared.options.chunk_rows {
            // What they take is not known exactly any more.
            self.bytes = (self.bytes / self.rows.max(1) as usize).saturating_mul(rows as usize);
            self.rows = rows;
            if self.bytes < shared.options.chunk_bytes {
                return Pushed::Quietly;
            }
        }
        (self.rows, self.bytes, self.ready) = (0, 0, self.written);
        lane.ready.store(self.ready, Release);
        Pushed::ChunkIsFull
    }
}
