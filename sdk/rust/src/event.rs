//! Events, read in place: OpenTelemetry log records that carry an event name.

use crate::columns::{Owner, at, wide};
use crate::id::id_at;
use crate::{Attributes, Batch, ResourceView, ScopeView, SpanId, TraceId, ValueView};

/// The events of a batch.
#[derive(Clone)]
pub struct Events<'a> {
    batch: &'a Batch,
    rows: std::ops::Range<usize>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(batch: &'a Batch) -> Self {
        Self { batch, rows: 0..batch.len() }
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = EventView<'a>;

    #[inline]
    fn next(&mut self) -> Option<EventView<'a>> {
        self.rows.next().map(|row| EventView { batch: self.batch, row })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl ExactSizeIterator for Events<'_> {}

/// One event. Times are Unix nanoseconds.
#[derive(Clone, Copy)]
pub struct EventView<'a> {
    batch: &'a Batch,
    row: usize,
}

impl<'a> EventView<'a> {
    /// Its row in the batch, as `Partial` names rows.
    #[inline]
    pub fn row(&self) -> u32 {
        self.row as u32
    }

    /// When it happened; zero if unknown.
    pub fn time(&self) -> u64 {
        wide(self.batch.event_columns().times(), self.row)
    }

    /// When a collector saw it; zero if unknown.
    pub fn observed_time(&self) -> u64 {
        wide(self.batch.event_columns().observed_times(), self.row)
    }

    /// OTLP severity number: 0 unknown, 1 to 4 trace, to 8 debug, to 12 info, to 16 warn, to 20 error, to 24 fatal.
    pub fn severity_number(&self) -> u32 {
        at(self.batch.event_columns().severity_numbers(), self.row)
    }

    /// The severity as its source calls it; may be empty.
    pub fn severity_text(&self) -> &'a str {
        self.batch.text_at(self.batch.event_columns().severity_texts(), self.row)
    }

    /// Its name: what kind of event it is.
    pub fn name(&self) -> &'a str {
        self.batch.text_at(self.batch.event_columns().names(), self.row)
    }

    /// Its body.
    pub fn body(&self) -> ValueView<'a> {
        let columns = self.batch.event_columns();
        ValueView::read(self.batch, at(columns.body_types(), self.row), columns.body_values(), self.row)
    }

    /// The trace it happened in.
    pub fn trace_id(&self) -> Option<TraceId> {
        let id = TraceId(id_at(self.batch.event_columns().trace_ids(), self.row));
        (!id.is_zero()).then_some(id)
    }

    /// The span it happened in.
    pub fn span_id(&self) -> Option<SpanId> {
        let id = SpanId(id_at(self.batch.event_columns().span_ids(), self.row));
        (!id.is_zero()).then_some(id)
    }

    /// The low eight bits are W3C trace flags.
    pub fn flags(&self) -> u32 {
        at(self.batch.event_columns().flags(), self.row)
    }

    /// Attributes dropped before they came here.
    pub fn dropped_attributes(&self) -> u32 {
        at(self.batch.event_columns().dropped_attributes(), self.row)
    }

    /// Its attributes.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.batch, Owner::Event, self.row)
    }

    /// The value of the first attribute with this key.
    pub fn attribute(&self, key: &str) -> Option<ValueView<'a>> {
        self.attributes().get(key)
    }

    /// The library that recorded it.
    pub fn scope(&self) -> ScopeView<'a> {
        ScopeView::new(self.batch, at(self.batch.event_columns().scopes(), self.row) as usize)
    }

    /// The process that recorded it.
    pub fn resource(&self) -> ResourceView<'a> {
        self.scope().resource()
    }
}
