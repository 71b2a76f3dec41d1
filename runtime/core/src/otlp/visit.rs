//! What a walk over OTLP's messages hands to its visitor, and what it returns: rows whose texts are where the visitor keeps
//! them.

use super::wire::What;
use crate::columns::Owner;

/// A text or byte reference, or the two words of a value.
pub(super) type Words = [u32; 2];

/// No visitor may allow more nesting: it bounds recursion.
pub(super) const MAX_DEPTH: u32 = 256;

pub(super) trait Visit {
    /// How many arrays and key-value lists may enclose one another.
    fn max_depth(&self) -> u32;
    /// The first `length` of `bytes` are a text; what is behind them means nothing.
    fn text(&mut self, bytes: &[u8], length: usize) -> Result<Words, What>;
    fn bytes(&mut self, bytes: &[u8]) -> Words;
    fn reserve_nested(&mut self, rows: usize) -> u32;
    fn nested(&mut self, row: usize, attribute: Attribute);
    fn attribute(&mut self, owner: Owner, attribute: Attribute);
    fn span_event(&mut self, event: SpanEvent);
    fn span_link(&mut self, link: SpanLink<'_>);
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) key: Words,
    pub(super) kind: u8,
    pub(super) value: Words,
}

#[derive(Clone, Copy, Default)]
pub(super) struct SpanEvent {
    pub(super) time: u64,
    pub(super) name: Words,
    pub(super) dropped_attributes: u32,
}

#[derive(Clone, Copy, Default)]
pub(super) struct SpanLink<'a> {
    pub(super) trace_id: &'a [u8],
    pub(super) span_id: &'a [u8],
    pub(super) trace_state: Words,
    pub(super) flags: u32,
    pub(super) dropped_attributes: u32,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Span<'a> {
    pub(super) trace_id: &'a [u8],
    /// Where the trace id is in the request.
    pub(super) trace_id_at: usize,
    pub(super) span_id: &'a [u8],
    pub(super) parent_span_id: &'a [u8],
    pub(super) trace_state: Words,
    pub(super) flags: u32,
    pub(super) name: Words,
    pub(super) kind: u8,
    pub(super) start_time: u64,
    pub(super) end_time: u64,
    pub(super) status: Option<Status>,
    pub(super) dropped_attributes: u32,
    pub(super) dropped_events: u32,
    pub(super) dropped_links: u32,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Status {
    pub(super) code: u8,
    pub(super) message: Words,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Event<'a> {
    pub(super) time: u64,
    pub(super) observed_time: u64,
    pub(super) severity_number: u32,
    pub(super) severity_text: Words,
    pub(super) name: Words,
    pub(super) body: Option<(u8, Words)>,
    pub(super) trace_id: &'a [u8],
    /// Where the trace id is in the request.
    pub(super) trace_id_at: usize,
    pub(super) span_id: &'a [u8],
    pub(super) flags: u32,
    pub(super) dropped_attributes: u32,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Scope {
    pub(super) name: Words,
    pub(super) version: Words,
    pub(super) schema_url: Words,
    pub(super) dropped_attributes: u32,
    pub(super) is_seen: bool,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Resource {
    pub(super) schema_url: Words,
    pub(super) dropped_attributes: u32,
    pub(super) is_seen: bool,
}
