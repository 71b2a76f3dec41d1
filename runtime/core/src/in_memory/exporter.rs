//! An exporter, and a processor, that keeps everything.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    from_columns::RowReader,
    from_recorded,
    records::{EventRecord, SpanRecord},
    tree,
};
use crate::{
    batch::Batch,
    event::EventData,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, Partial},
    processor::SpanProcessor,
    scope::Origin,
    signal::Signal,
    span::SpanData,
};

/// Records that are kept at most, unless told otherwise.
const CAPACITY: usize = 100_000;

type Answer = Result<ExportOutcome, ExportError>;

/// Keeps spans and events for tests to look at. Clones share what is kept.
///
/// As an [`Exporter`] it accepts every batch, unless it is full or was told to answer otherwise. As a [`SpanProcessor`]
/// it takes what a tracer records directly.
#[derive(Clone, Debug)]
pub struct InMemoryExporter {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    finished_spans: Vec<SpanRecord>,
    started_spans: Vec<SpanRecord>,
    events: Vec<EventRecord>,
    capacity: usize,
    refused: u64,
    sampled_out: u64,
    answers: VecDeque<Answer>,
}

impl Default for InMemoryExporter {
    fn default() -> Self {
        Self::new()
    }
}

impl InMemoryExporter {
    /// Keeps up to 100,000 spans and events.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// Keeps up to `capacity` spans and events, all together. What comes then is refused: as an exporter by rejecting the
    /// rows, and in both cases by [`Self::refused`].
    pub fn with_capacity(capacity: usize) -> Self {
        let kept = Kept { capacity, ..Kept::default() };
        Self { kept: Arc::new(Mutex::new(kept)) }
    }

    /// Spans that have ended, in the order they came: children usually before their parents.
    pub fn finished_spans(&self) -> Vec<SpanRecord> {
        self.lock().finished_spans.clone()
    }

    /// Spans as they were when they started, if those are subscribed to.
    pub fn started_spans(&self) -> Vec<SpanRecord> {
        self.lock().started_spans.clone()
    }

    /// Events of the events signal, in the order they came.
    pub fn events(&self) -> Vec<EventRecord> {
        self.lock().events.clone()
    }

    /// The spans that have ended as a text, one line per span, indented by two spaces below its parent; siblings in the
    /// order of their start. Errors are told, nothing else.
    pub fn tree(&self) -> String {
        tree::tree(&self.lock().finished_spans)
    }

    /// Spans and events that there was no room for.
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// Spans that a tracer told to be not sampled; always 0 behind a runtime, which counts them itself.
    pub fn sampled_out(&self) -> u64 {
        self.lock().sampled_out
    }

    /// Answers this to the next batch that no earlier call has an answer for. Of that batch is kept what the answer says
    /// was delivered: everything if accepted, all rows that are not named if partial, otherwise nothing.
    pub fn answer_once(&self, answer: Result<ExportOutcome, ExportError>) {
        self.lock().answers.push_back(answer);
    }

    /// Forgets records, counts and answers.
    pub fn reset(&self) {
        let mut kept = self.lock();
        *kept = Kept { capacity: kept.capacity, ..Kept::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_batch(&self, batch: &Batch) -> Answer {
        let mut kept = self.lock();
        let answer = kept.answers.pop_front().unwrap_or(Ok(ExportOutcome::Accepted));
        let rows: Vec<u32> = match &answer {
            Ok(ExportOutcome::Accepted) => (0..batch.len()).collect(),
            Ok(ExportOutcome::Partial(partial)) => {
                let is_named = |row: &u32| partial.rejected_rows.contains(row) || partial.retry_rows.contains(row);
                (0..batch.len()).filter(|row| !is_named(row)).collect()
            }
            Ok(ExportOutcome::RetryAfter { .. } | ExportOutcome::Rejected { .. }) | Err(_) => Vec::new(),
        };
        let (fitting, refused) = rows.split_at(kept.room().min(rows.len()));
        kept.push_rows(batch, fitting);
        kept.refused += refused.len() as u64;
        match answer {
            Ok(ExportOutcome::Accepted) if !refused.is_empty() => Ok(kept.full(batch, refused)),
            answer => answer,
        }
    }
}

impl Kept {
    fn room(&self) -> usize {
        let len = self.finished_spans.len() + self.started_spans.len() + self.events.len();
        self.capacity.saturating_sub(len)
    }

    /// Whether there is room for one more; if not, it is counted.
    fn has_room(&mut self) -> bool {
        let has_room = self.room() > 0;
        self.refused += u64::from(!has_room);
        has_room
    }

    fn push_rows(&mut self, batch: &Batch, rows: &[u32]) {
        let reader = RowReader::new(batch.columns());
        let rows = rows.iter().map(|row| *row as usize);
        match batch.signal() {
            Signal::Spans => self.finished_spans.extend(rows.map(|row| reader.span(row))),
            Signal::StartedSpans => self.started_spans.extend(rows.map(|row| reader.span(row))),
            Signal::Events => self.events.extend(rows.map(|row| reader.event(row))),
        }
    }

    fn full(&self, batch: &Batch, refused: &[u32]) -> ExportOutcome {
        let reason = format!("the in-memory exporter is full: it keeps {} records; reset it", self.capacity);
        if refused.len() == batch.len() as usize {
            return ExportOutcome::Rejected { reason };
        }
        let rejected = refused.len() as u32;
        ExportOutcome::Partial(Partial { rejected, rejected_rows: refused.to_vec(), reason, ..Partial::default() })
    }
}

impl Exporter for InMemoryExporter {
    fn export(&self, batch: Arc<Batch>, _attempt: u32) -> ExportFuture<'_, Answer> {
        Box::pin(async move { self.take_batch(&batch) })
    }
}

impl SpanProcessor for InMemoryExporter {
    fn on_sampled_out(&self) {
        self.lock().sampled_out += 1;
    }

    fn on_live_span_cap(&self) {
        self.lock().refused += 1;
    }

    fn on_end(&self, span: &SpanData, origin: &Arc<Origin>) {
        let mut kept = self.lock();
        if kept.has_room() {
            kept.finished_spans.push(from_recorded::span_record(span, origin));
        }
    }

    fn on_event(&self, event: &EventData, origin: &Arc<Origin>) {
        let mut kept = self.lock();
        if kept.has_room() {
            kept.events.push(from_recorded::event_record(event, origin));
        }
    }
}
