//! Spans, their events and links, read in place.

use std::time::Duration;

use crate::columns::{Owner, at, owned, wide};
use crate::id::id_at;
use crate::{Attributes, Batch, ResourceView, ScopeView, SpanId, TraceId, ValueView};

/// The spans of a batch.
#[derive(Clone)]
pub struct Spans<'a> {
    batch: &'a Batch,
    rows: std::ops::Range<usize>,
}

impl<'a> Spans<'a> {
    pub(crate) fn new(batch: &'a Batch) -> Self {
        Self { batch, rows: 0..batch.len() }
    }
}

impl<'a> Iterator for Spans<'a> {
    type Item = SpanView<'a>;

    #[inline]
    fn next(&mut self) -> Option<SpanView<'a>> {
        self.rows.next().map(|row| SpanView { batch: self.batch, row })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl ExactSizeIterator for Spans<'_> {}

/// What a span is to the spans around it: OTLP's `SpanKind`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SpanKind {
    #[default]
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
    /// A number that OTLP does not define yet.
    Other(u8),
}

impl SpanKind {
    /// OTLP's number for it.
    pub fn number(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::Internal => 1,
            Self::Server => 2,
            Self::Client => 3,
            Self::Producer => 4,
            Self::Consumer => 5,
            Self::Other(number) => number,
        }
    }

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified | Self::Other(_) => "unspecified",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

impl From<u8> for SpanKind {
    #[inline]
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Unspecified,
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            number => Self::Other(number),
        }
    }
}

/// How a span ended: OTLP's `StatusCode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum StatusCode {
    #[default]
    Unset,
    Ok,
    Error,
    /// A number that OTLP does not define yet.
    Other(u8),
}

impl StatusCode {
    /// OTLP's number for it.
    pub fn number(self) -> u8 {
        match self {
            Self::Unset => 0,
            Self::Ok => 1,
            Self::Error => 2,
            Self::Other(number) => number,
        }
    }

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unset | Self::Other(_) => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

impl From<u8> for StatusCode {
    #[inline]
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Unset,
            1 => Self::Ok,
            2 => Self::Error,
            number => Self::Other(number),
        }
    }
}

/// One span. Times are Unix nanoseconds.
#[derive(Clone, Copy)]
pub struct SpanView<'a> {
    batch: &'a Batch,
    row: usize,
}

impl<'a> SpanView<'a> {
    /// Its row in the batch, as `Partial` names rows.
    #[inline]
    pub fn row(&self) -> u32 {
        self.row as u32
    }

    /// Never zero.
    #[inline]
    pub fn trace_id(&self) -> TraceId {
        TraceId(id_at(self.batch.span_columns().trace_ids(), self.row))
    }

    /// Never zero.
    #[inline]
    pub fn span_id(&self) -> SpanId {
        SpanId(id_at(self.batch.span_columns().span_ids(), self.row))
    }

    /// Absent for a root.
    #[inline]
    pub fn parent_span_id(&self) -> Option<SpanId> {
        let id = SpanId(id_at(self.batch.span_columns().parent_span_ids(), self.row));
        (!id.is_zero()).then_some(id)
    }

    /// W3C tracestate; may be empty.
    pub fn trace_state(&self) -> &'a str {
        self.batch.text_at(self.batch.span_columns().trace_states(), self.row)
    }

    /// OTLP span flags: the low eight bits are W3C trace flags, 0x100 says that 0x200, "the parent is remote", is known.
    pub fn flags(&self) -> u32 {
        at(self.batch.span_columns().flags(), self.row)
    }

    /// Its name.
    #[inline]
    pub fn name(&self) -> &'a str {
        self.batch.text_at(self.batch.span_columns().names(), self.row)
    }

    /// Its kind.
    #[inline]
    pub fn kind(&self) -> SpanKind {
        at(self.batch.span_columns().kinds(), self.row).into()
    }

    /// When it started.
    #[inline]
    pub fn start_time(&self) -> u64 {
        wide(self.batch.span_columns().start_times(), self.row)
    }

    /// When it ended; zero in a batch of started spans.
    #[inline]
    pub fn end_time(&self) -> u64 {
        wide(self.batch.span_columns().end_times(), self.row)
    }

    /// From start to end; zero if it ended before it started.
    #[inline]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.end_time().saturating_sub(self.start_time()))
    }

    /// How it ended.
    #[inline]
    pub fn status_code(&self) -> StatusCode {
        at(self.batch.span_columns().status_codes(), self.row).into()
    }

    /// What went wrong; may be empty.
    #[inline]
    pub fn status_message(&self) -> &'a str {
        self.batch.text_at(self.batch.span_columns().status_messages(), self.row)
    }

    /// Attributes dropped before they came here.
    pub fn dropped_attributes(&self) -> u32 {
        at(self.batch.span_columns().dropped_attributes(), self.row)
    }

    /// Events dropped before they came here.
    pub fn dropped_events(&self) -> u32 {
        at(self.batch.span_columns().dropped_events(), self.row)
    }

    /// Links dropped before they came here.
    pub fn dropped_links(&self) -> u32 {
        at(self.batch.span_columns().dropped_links(), self.row)
    }

    /// Its attributes.
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.batch, Owner::Span, self.row)
    }

    /// The value of the first attribute with this key.
    #[inline]
    pub fn attribute(&self, key: &str) -> Option<ValueView<'a>> {
        self.attributes().get(key)
    }

    /// What happened during it, in order.
    #[inline]
    pub fn events(&self) -> impl ExactSizeIterator<Item = SpanEventView<'a>> + use<'a> {
        let batch = self.batch;
        owned(batch.span_columns().event_ends(), self.row).map(move |row| SpanEventView { batch, row })
    }

    /// What it is linked to, in order.
    #[inline]
    pub fn links(&self) -> impl ExactSizeIterator<Item = LinkView<'a>> + use<'a> {
        let batch = self.batch;
        owned(batch.span_columns().link_ends(), self.row).map(move |row| LinkView { batch, row })
    }

    /// The library that recorded it.
    #[inline]
    pub fn scope(&self) -> ScopeView<'a> {
        ScopeView::new(self.batch, at(self.batch.span_columns().scopes(), self.row) as usize)
    }

    /// The process that recorded it.
    #[inline]
    pub fn resource(&self) -> ResourceView<'a> {
        self.scope().resource()
    }
}

/// Something that happened at a moment during a span.
#[derive(Clone, Copy)]
pub struct SpanEventView<'a> {
    batch: &'a Batch,
    row: usize,
}

impl<'a> SpanEventView<'a> {
    /// Unix nanoseconds.
    #[inline]
    pub fn time(&self) -> u64 {
        wide(self.batch.span_columns().event_times(), self.row)
    }

    /// Its name.
    #[inline]
    pub fn name(&self) -> &'a str {
        self.batch.text_at(self.batch.span_columns().event_names(), self.row)
    }

    /// Attributes dropped before they came here.
    pub fn dropped_attributes(&self) -> u32 {
        at(self.batch.span_columns().event_dropped_attributes(), self.row)
    }

    /// Its attributes.
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.batch, Owner::SpanEvent, self.row)
    }
}

/// A link to another span, of the same trace or another.
#[derive(Clone, Copy)]
pub struct LinkView<'a> {
    batch: &'a Batch,
    row: usize,
}

impl<'a> LinkView<'a> {
    /// Of the other span.
    pub fn trace_id(&self) -> TraceId {
        TraceId(id_at(self.batch.span_columns().link_trace_ids(), self.row))
    }

    /// Of the other span.
    pub fn span_id(&self) -> SpanId {
        SpanId(id_at(self.batch.span_columns().link_span_ids(), self.row))
    }

    /// W3C tracestate; may be empty.
    pub fn trace_state(&self) -> &'a str {
        self.batch.text_at(self.batch.span_columns().link_trace_states(), self.row)
    }

    /// OTLP link flags.
    pub fn flags(&self) -> u32 {
        at(self.batch.span_columns().link_flags(), self.row)
    }

    /// Attributes dropped before they came here.
    pub fn dropped_attributes(&self) -> u32 {
        at(self.batch.span_columns().link_dropped_attributes(), self.row)
    }

    /// Its attributes.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.batch, Owner::SpanLink, self.row)
    }
}
