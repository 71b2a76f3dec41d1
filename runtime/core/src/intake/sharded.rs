//! The processor that tracers record into, and the side from which it is emptied.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, TryLockError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{
    chunk::Chunk,
    lane::{Blocks, Lane, Pushed},
    ledger::{IntakeDropReason, IntakeLedger},
    open_chunk::FullChunk,
    options::IntakeOptions,
    room::Room,
    shard::{Row, Shard, Shared, Taken},
};
use crate::{
    event::EventData,
    processor::SpanProcessor,
    scope::Origin,
    signal::Signal,
    span::SpanData,
    thread_slot::{OwnLine, SlotCounter, ThreadSlot},
};

/// Rows a shard takes room for at once, at most.
const MAX_LOT_ROWS: usize = 128;
/// Shards there are at most.
const MAX_SHARDS: usize = 1 << 16;
/// Bytes a shard takes room for at once, at most.
const MAX_LOT_BYTES: usize = 64 << 10;

/// Told that there is something to collect. Called on the application's threads, about once per chunk and not again
/// before something was collected: it must not block.
pub trait Wake: Send + Sync {
    /// There is something to collect.
    fn wake(&self);

    /// Whether nobody will ever collect, because this is a child process without the collector's threads: then a lock
    /// that is held may be held for ever. Asked where a recording thread would have to wait.
    fn is_gone(&self) -> bool {
        false
    }
}

impl<F: Fn() + Send + Sync> Wake for F {
    fn wake(&self) {
        self();
    }
}

/// Takes in what tracers record in this process.
pub struct Intake {
    shards: Box<[OwnLine<Seat>]>,
    slots: SlotCounter,
    shared: Shared,
    takes_started_spans: AtomicBool,
    is_closed: AtomicBool,
    is_woken: AtomicBool,
    wake: Box<dyn Wake>,
}

/// A shard, and the counts for which it need not be locked.
#[derive(Default)]
struct Seat {
    /// For spans of the owner that need nothing special.
    lane: Lane,
    /// For all else.
    shard: Mutex<Shard>,
    /// Written by the owner alone.
    own_sampled_out: AtomicU64,
    /// For any other thread.
    sampled_out: AtomicU64,
    live_span_cap: AtomicU64,
    has_full: AtomicBool,
    /// By signal: rows that came when there was nobody to collect them, and the lock was held.
    gone: [AtomicU64; Signal::ALL.len()],
}

impl Seat {
    fn lock(&self) -> MutexGuard<'_, Shard> {
        self.shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes chunks and splits them. The lock is not held meanwhile.
    fn collect(&self, into: &mut Vec<Chunk>, take: impl FnOnce(&mut Shard, &mut Vec<FullChunk>)) {
        let mut full = Vec::new();
        take(&mut self.lock(), &mut full);
        for chunk in full {
            let (chunk, spare) = Chunk::of_full(chunk);
            into.push(chunk);
            if let Some(spare) = spare {
                self.lock().keep(spare);
            }
        }
    }

    /// None if another thread has it.
    #[inline]
    fn try_lock(&self) -> Option<MutexGuard<'_, Shard>> {
        match self.shard.try_lock() {
            Ok(shard) => Some(shard),
            Err(TryLockError::Poisoned(shard)) => Some(shard.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Intake {
    /// An empty intake.
    pub fn new(options: IntakeOptions, wake: impl Wake + 'static) -> Self {
        let shards = options.shards.clamp(1, MAX_SHARDS).next_power_of_two();
        Self {
            shards: (0..shards).map(|_| OwnLine::default()).collect(),
            slots: SlotCounter::default(),
            shared: Shared {
                rows: Room::new(options.max_rows, shards, MAX_LOT_ROWS),
                bytes: Room::new(options.max_bytes, shards, MAX_LOT_BYTES),
                blocks: Blocks::new(options.max_bytes, shards),
                options,
                keeps_records: AtomicBool::new(false),
            },
            takes_started_spans: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            is_woken: AtomicBool::new(false),
            wake: Box::new(wake),
        }
    }

    /// Whether spans are taken in when they start, too. Off at first: turn it on if an exporter wants them.
    pub fn take_started_spans(&self, is_wanted: bool) {
        self.takes_started_spans.store(is_wanted, Ordering::Relaxed);
    }

    /// Whether spans are kept as they were recorded, as far as they can be, in the place of columns. Off at first: turn it
    /// on if nobody asks for columns.
    pub fn keep_records(&self, are_kept: bool) {
        self.shared.keeps_records.store(are_kept, Ordering::Relaxed);
    }

    /// Chunks that are full; all chunks while more than half of the room is in use. In the order of recording within a
    /// thread, but for spans with details (events, links, nested values, values that were replaced), which have chunks of
    /// their own.
    pub fn take_ready(&self) -> Vec<Chunk> {
        if self.shared.rows.is_short() || self.shared.bytes.is_short() {
            return self.take_all();
        }
        self.is_woken.store(false, Ordering::SeqCst);
        let mut chunks = Vec::new();
        for OwnLine(seat) in &self.shards {
            if seat.has_full.swap(false, Ordering::SeqCst) {
                seat.lane.take_ready(&self.shared, &mut chunks);
                seat.collect(&mut chunks, |shard, full| shard.take_full(&self.shared, full));
            }
        }
        chunks
    }

    /// All chunks, full or not.
    pub fn take_all(&self) -> Vec<Chunk> {
        // Before anything is taken: what is written to a lane after that, by a thread that did not know, is lost.
        let is_closed = self.is_closed.load(Ordering::SeqCst);
        self.is_woken.store(false, Ordering::SeqCst);
        let mut chunks = Vec::new();
        for OwnLine(seat) in &self.shards {
            // Read as well: what its writer had published before then is seen.
            seat.has_full.swap(false, Ordering::SeqCst);
            seat.lane.take_all(is_closed, &self.shared, &mut chunks);
            seat.collect(&mut chunks, |shard, full| shard.take_all(&self.shared, full));
        }
        if chunks.is_empty() {
            self.shared.blocks.forget_spare();
        }
        chunks
    }

    /// From here on everything is dropped and counted as `shutdown`. What [`Self::take_all`] returns next is the rest.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// The account of one signal; exact while nothing is recorded.
    pub fn ledger(&self, signal: Signal) -> IntakeLedger {
        let mut sum = IntakeLedger::default();
        for OwnLine(seat) in &self.shards {
            sum.add(&seat.lock().ledgers[signal as usize]);
            let gone = seat.gone[signal as usize].load(Ordering::Relaxed);
            sum.recorded += gone;
            sum.dropped[IntakeDropReason::Shutdown as usize] += gone;
            if signal == Signal::Spans {
                let (written, too_late) = seat.lane.counts();
                sum.recorded += written;
                sum.accepted += written - too_late;
                sum.dropped[IntakeDropReason::Shutdown as usize] += too_late;
                let own_sampled_out = seat.own_sampled_out.load(Ordering::Relaxed);
                let sampled_out = own_sampled_out + seat.sampled_out.load(Ordering::Relaxed);
                let live_span_cap = seat.live_span_cap.load(Ordering::Relaxed);
                sum.recorded += sampled_out + live_span_cap;
                sum.sampled_out += sampled_out;
                sum.dropped[IntakeDropReason::LiveSpanCap as usize] += live_span_cap;
            }
        }
        sum
    }

    #[inline]
    fn seat(&self) -> &Seat {
        self.seat_of(self.slots.slot())
    }

    /// Their number is a power of two.
    #[inline]
    fn seat_of(&self, slot: ThreadSlot) -> &Seat {
        &self.shards[slot.number & (self.shards.len() - 1)].0
    }

    /// Waits for who has the shard. None if that may never end.
    #[cold]
    fn wait_for<'a>(&self, seat: &'a Seat) -> Option<MutexGuard<'a, Shard>> {
        if self.wake.is_gone() {
            self.close();
            return None;
        }
        Some(seat.lock())
    }

    fn push(&self, row: Row<'_>, origin: &Arc<Origin>) {
        let seat = self.seat();
        let Some(mut shard) = seat.try_lock().or_else(|| self.wait_for(seat)) else {
            seat.gone[row.signal() as usize].fetch_add(1, Ordering::Relaxed);
            return;
        };
        // Read under the lock: who locks after `close` sees it, and who locked before is collected by what comes after.
        if self.is_closed.load(Ordering::SeqCst) {
            return shard.refuse(row);
        }
        let taken = shard.push(row, origin, &self.shared);
        if taken == Taken::Quietly {
            return;
        }
        drop(shard);
        self.tell(seat, taken == Taken::ChunkIsFull);
    }

    /// Wakes the collector, unless it is.
    #[cold]
    fn tell(&self, seat: &Seat, has_full: bool) {
        if has_full {
            seat.has_full.store(true, Ordering::SeqCst);
        }
        // Looked at before it is written: in a flood this is reached for every span, by all threads.
        if !self.is_woken.load(Ordering::SeqCst) && !self.is_woken.swap(true, Ordering::SeqCst) {
            self.wake.wake();
        }
    }
}

impl SpanProcessor for Intake {
    #[inline]
    fn on_sampled_out(&self) {
        let slot = self.slots.slot();
        let seat = self.seat_of(slot);
        if seat.lane.is_own(slot) {
            let next = seat.own_sampled_out.load(Ordering::Relaxed).wrapping_add(1);
            seat.own_sampled_out.store(next, Ordering::Relaxed);
        } else {
            seat.sampled_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn on_live_span_cap(&self) {
        self.seat().live_span_cap.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    fn on_start(&self, span: &SpanData, origin: &Arc<Origin>) {
        if self.takes_started_spans.load(Ordering::Relaxed) {
            self.push(Row::StartedSpan(span), origin);
        }
    }

    #[inline]
    fn on_end(&self, span: &SpanData, origin: &Arc<Origin>) {
        let slot = self.slots.slot();
        let seat = self.seat_of(slot);
        // A span that slips in while the intake is closed is counted by what the collector has seen, see `Lane::counts`.
        if self.is_closed.load(Ordering::Relaxed) {
            return self.push(Row::Span(span), origin);
        }
        match seat.lane.push(slot, span, origin, &self.shared) {
            Pushed::Quietly => {}
            Pushed::ChunkIsFull => self.tell(seat, true),
            Pushed::Not => self.push(Row::Span(span), origin),
        }
    }

    fn on_event(&self, event: &EventData, origin: &Arc<Origin>) {
        self.push(Row::Event(event), origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{limits::SpanLimits, scope::InstrumentationScope};

    /// A collector that is in another process.
    struct Gone;

    impl Wake for Gone {
        fn wake(&self) {}

        fn is_gone(&self) -> bool {
            true
        }
    }

    #[test]
    fn where_a_lock_may_never_be_released_a_row_is_counted_and_nobody_waits() {
        let intake = Intake::new(IntakeOptions { shards: 1, ..IntakeOptions::default() }, Gone);
        let mut span = SpanData::default();
        // Behind the lock go spans with details.
        span.add_event(1, "event".into(), [], &SpanLimits::default());
        let origin = Arc::new(Origin { resource: Arc::default(), scope: InstrumentationScope::default() });
        intake.on_end(&span, &origin);
        let held = intake.shards[0].0.shard.lock().expect("nobody panicked");
        // If this waits, it waits for its own thread, for ever.
        intake.on_end(&span, &origin);
        drop(held);
        intake.on_end(&span, &origin);
        let ledger = intake.ledger(Signal::Spans);
        assert_eq!((ledger.recorded, ledger.accepted), (3, 1), "it is closed as soon as it is known");
        assert_eq!(ledger.dropped[IntakeDropReason::Shutdown as usize], 2);
        assert!(ledger.is_balanced());
    }
}
