//! Pieces in, batches out.

use std::time::Duration;

use super::{
    limits::BatchLimits,
    pending::{Form, Pending},
};
use crate::{
    batch::{Batch, BatchId, Metadata, size_of_metadata},
    columns::ColumnsBuilder,
    intake::Records,
    otlp,
    signal::Signal,
    split::Pieces,
};

/// Largest limit on bytes; keeps arenas below the 4 GiB that references reach.
const MAX_BYTES: usize = 1 << 30;
/// Pending bytes of all metadata together, in batches of the largest size. More sends off the oldest.
const MAX_PENDING_BATCHES: usize = 8;

/// Rows that come to a batcher.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a piece lives for one call")]
pub enum Piece {
    /// Recorded in this process.
    Recorded(ColumnsBuilder),
    /// The same, as it was recorded.
    Records(Records),
    /// Received, with what was let through of the request's headers.
    Received(otlp::Request, Metadata),
}

/// Makes batches of one signal. A batch that is ready is handed to `ready` before the next is made; none is kept here.
pub struct Batcher {
    signal: Signal,
    limits: BatchLimits,
    boot_id: [u8; 8],
    next_sequence: u64,
    /// By deadline, the oldest first.
    pending: Vec<Pending>,
}

impl Batcher {
    /// A batcher whose batches have ids that begin with `boot_id`: random, different for every start of the process
    /// and for every batcher in it.
    pub fn new(signal: Signal, limits: BatchLimits, boot_id: [u8; 8]) -> Self {
        let limits = BatchLimits {
            max_rows: limits.max_rows.max(1),
            max_bytes: limits.max_bytes.clamp(1, MAX_BYTES),
            metadata_cardinality_limit: limits.metadata_cardinality_limit.max(1),
            ..limits
        };
        Self { signal, limits, boot_id, next_sequence: 0, pending: Vec::new() }
    }

    /// What the batches carry.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Takes rows, and makes the batches that are full with them. `now` is monotonic.
    pub fn push(&mut self, piece: Piece, now: Duration, mut ready: impl FnMut(Batch)) {
        match piece {
            Piece::Recorded(columns) => self.push_recorded(columns, now, &mut ready),
            Piece::Records(records) => self.push_records(records, now, &mut ready),
            Piece::Received(request, metadata) => {
                for part in Pieces::new(request, self.limits.max_rows, self.limits.max_bytes) {
                    self.push_part(part, &metadata, now, &mut ready);
                }
            }
        }
        self.bound_pending(&mut ready);
    }

    /// Makes batches of the rows that have waited long enough.
    pub fn cut_due(&mut self, now: Duration, mut ready: impl FnMut(Batch)) {
        while self.pending.first().is_some_and(|oldest| oldest.deadline <= now) {
            self.cut(0, &mut ready);
        }
    }

    /// When rows will have waited long enough; none if nothing is pending.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.pending.first().map(|oldest| oldest.deadline)
    }

    /// Makes batches of everything that is pending, the oldest first.
    pub fn flush(&mut self, mut ready: impl FnMut(Batch)) {
        while !self.pending.is_empty() {
            self.cut(0, &mut ready);
        }
    }

    /// Rows that are pending.
    pub fn rows(&self) -> u64 {
        self.pending.iter().map(|pending| u64::from(pending.rows)).sum()
    }

    fn push_recorded(&mut self, columns: ColumnsBuilder, now: Duration, ready: &mut dyn FnMut(Batch)) {
        let (rows, bytes) = (self.rows_of(&columns), columns.size());
        if rows == 0 {
            return;
        }
        let metadata = Metadata::from([]);
        let at = self.pending.iter().position(|pending| pending.matches(true, &metadata));
        if let Some(at) = at.filter(|at| self.fits(*at, rows, bytes)) {
            let pending = &mut self.pending[at];
            if let Some(earlier) = pending.form.recorded() {
                earlier.append(&columns);
            }
            pending.rows += rows;
            pending.bytes += bytes;
            return self.cut_if_full(at, ready);
        }
        if let Some(at) = at {
            self.cut(at, ready);
        }
        if rows > self.limits.max_rows || bytes > self.limits.max_bytes {
            let whole = Batch::recorded(self.next_id(), self.signal, columns.freeze(), metadata);
            return Pieces::new(whole, self.limits.max_rows, self.limits.max_bytes).for_each(ready);
        }
        let at = self.begin(Form::Recorded(Box::new(columns)), metadata, rows, bytes, now);
        self.cut_if_full(at, ready);
    }

    /// Takes spans as they were recorded. They stay so as long as nothing has to be done about their rows.
    fn push_records(&mut self, records: Records, now: Duration, ready: &mut dyn FnMut(Batch)) {
        let (rows, bytes) = (records.len() as u32, records.size());
        let metadata = Metadata::from([]);
        let is_alone = !self.pending.iter().any(|pending| pending.matches(true, &metadata));
        if rows == 0
            || self.signal != Signal::Spans
            || !is_alone
            || rows > self.limits.max_rows
            || bytes > self.limits.max_bytes
        {
            return self.push_recorded(records.into_columns(), now, ready);
        }
        let at = self.begin(Form::Records(records), metadata, rows, bytes, now);
        self.cut_if_full(at, ready);
    }

    /// Takes a piece of a request.
    fn push_part(&mut self, request: otlp::Request, metadata: &Metadata, now: Duration, ready: &mut dyn FnMut(Batch)) {
        let (rows, bytes) = (request.rows(), request.size());
        if rows == 0 {
            return;
        }
        let at = self.pending.iter().position(|pending| pending.matches(false, metadata));
        if let Some(at) = at.filter(|at| self.fits(*at, rows, bytes)) {
            let pending = &mut self.pending[at];
            if let Form::Received(requests) = &mut pending.form {
                requests.push(request);
            }
            pending.rows += rows;
            pending.bytes += bytes;
            return self.cut_if_full(at, ready);
        }
        if let Some(at) = at {
            self.cut(at, ready);
        }
        let at = self.begin(Form::Received(vec![request]), metadata.clone(), rows, bytes, now);
        self.cut_if_full(at, ready);
    }

    /// Begins a batch; returns its place.
    fn begin(&mut self, form: Form, metadata: Metadata, rows: u32, bytes: usize, now: Duration) -> usize {
        // A sender chooses them too.
        let bytes = bytes.saturating_add(size_of_metadata(&metadata));
        let deadline = now.saturating_add(self.limits.schedule_delay);
        let at = self.pending.partition_point(|earlier| earlier.deadline <= deadline);
        self.pending.insert(at, Pending { form, metadata, rows, bytes, deadline });
        at
    }

    fn fits(&self, at: usize, rows: u32, bytes: usize) -> bool {
        self.pending.get(at).is_some_and(|pending| {
            pending.rows.saturating_add(rows) <= self.limits.max_rows
                && pending.bytes.saturating_add(bytes) <= self.limits.max_bytes
        })
    }

    fn cut_if_full(&mut self, at: usize, ready: &mut dyn FnMut(Batch)) {
        let Some(pending) = self.pending.get(at) else { return };
        if pending.rows >= self.limits.max_rows || pending.bytes >= self.limits.max_bytes {
            self.cut(at, ready);
        }
    }

    /// Makes one pending batch ready.
    fn cut(&mut self, at: usize, ready: &mut dyn FnMut(Batch)) {
        let pending = self.pending.remove(at);
        let (boot_id, sequence) = (self.boot_id, &mut self.next_sequence);
        pending.into_batches(self.signal, || batch_id(boot_id, sequence)).into_iter().for_each(ready);
    }

    fn bound_pending(&mut self, ready: &mut dyn FnMut(Batch)) {
        let bytes = |pending: &[Pending]| pending.iter().map(|pending| pending.bytes).fold(0, usize::saturating_add);
        let max_bytes = self.limits.max_bytes.saturating_mul(MAX_PENDING_BATCHES);
        while self.pending.len() > self.limits.metadata_cardinality_limit || bytes(&self.pending) > max_bytes {
            self.cut(0, ready);
        }
    }

    fn next_id(&mut self) -> BatchId {
        batch_id(self.boot_id, &mut self.next_sequence)
    }

    fn rows_of(&self, columns: &ColumnsBuilder) -> u32 {
        match self.signal {
            Signal::Spans | Signal::StartedSpans => columns.spans.kind.len() as u32,
            Signal::Events => columns.events.severity_number.len() as u32,
        }
    }
}

/// The boot id and the next sequence number, big-endian, so that ids of one start sort by age.
fn batch_id(boot_id: [u8; 8], next_sequence: &mut u64) -> BatchId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&boot_id);
    id[8..].copy_from_slice(&next_sequence.to_be_bytes());
    *next_sequence = next_sequence.wrapping_add(1);
    BatchId(id)
}
