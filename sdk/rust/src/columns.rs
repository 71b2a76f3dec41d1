//! The columns of a batch. Each one is fetched at first use, by one host call, and kept until the batch goes; where prefix
//! sums say that it is empty, it is not fetched at all.
//!
//! The views ([`SpanView`](crate::SpanView), [`EventView`](crate::EventView)) read these; an exporter that aggregates may
//! read them itself. Widths and meanings are those of `wit/v0.1/batch.wit`, `spans.wit` and `events.wit`.

use std::cell::OnceCell;

use crate::Batch;
#[cfg(target_family = "wasm")]
use crate::bindings::spangate::exporter::{batch::Batch as Handle, events, spans};

/// A fetched column: owned by the guest, or shared with the test that made it.
#[cfg(target_family = "wasm")]
pub(crate) type Column<T> = Vec<T>;
#[cfg(not(target_family = "wasm"))]
pub(crate) type Column<T> = std::sync::Arc<Vec<T>>;

/// Declares one table: its cells, its public face, and natively the table that a test fills.
macro_rules! table {
    (
        $(#[$meta:meta])* $Face:ident, $Cells:ident, $Table:ident in $field:ident, named $prefix:literal {
            $($(#[$column_meta:meta])* $column:ident: $word:ty = $getter:path $(, counted by $ends:ident)?;)+
        }
    ) => {
        #[derive(Default)]
        pub(crate) struct $Cells { $($column: OnceCell<Column<$word>>,)+ }

        impl $Cells {
            const NAMES: &[&str] = &[$(concat!($prefix, ".", stringify!($column))),+];

            #[cfg(not(target_family = "wasm"))]
            pub(crate) fn list_fetched(&self, names: &mut Vec<String>) {
                let is_fetched = [$(self.$column.get().is_some()),+];
                let fetched = Self::NAMES.iter().zip(is_fetched).filter(|(_, is_fetched)| *is_fetched);
                names.extend(fetched.map(|(name, _)| in_contract(name)));
            }
        }

        $(#[$meta])*
        #[derive(Clone, Copy)]
        pub struct $Face<'a> { pub(crate) batch: &'a Batch }

        impl<'a> $Face<'a> {
            $(
                $(#[$column_meta])*
                #[inline]
                pub fn $column(self) -> &'a [$word] {
                    self.batch.cells.$field.$column.get_or_init(|| {
                        $(if is_nobodys(self.$ends()) {
                            return Column::default();
                        })?
                        #[cfg(target_family = "wasm")]
                        return $getter(&self.batch.handle);
                        #[cfg(not(target_family = "wasm"))]
                        self.batch.handle.columns.$field.$column.clone()
                    })
                }
            )+
        }

        $(#[$meta])*
        /// As a test hands them in.
        #[cfg(not(target_family = "wasm"))]
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $Table { $($(#[$column_meta])* pub $column: Column<$word>,)+ }
    };
}

table! {
    /// One row per span.
    SpanColumns, SpanCells, SpanTable in spans, named "spans" {
        /// 16 bytes per span.
        trace_ids: u8 = spans::trace_ids;
        /// 8 bytes per span.
        span_ids: u8 = spans::span_ids;
        /// 8 bytes per span, zero for a root.
        parent_span_ids: u8 = spans::parent_span_ids;
        /// Text references.
        trace_states: u32 = spans::trace_states;
        /// OTLP span flags.
        flags: u32 = spans::flags;
        /// Text references.
        names: u32 = spans::names;
        /// OTLP's `SpanKind`.
        kinds: u8 = spans::kinds;
        /// Unix nanoseconds, two words, low word first.
        start_times: u32 = spans::start_times;
        /// Unix nanoseconds, two words, low word first.
        end_times: u32 = spans::end_times;
        /// OTLP's `StatusCode`.
        status_codes: u8 = spans::status_codes;
        /// Text references.
        status_messages: u32 = spans::status_messages;
        /// Counts.
        dropped_attributes: u32 = spans::dropped_attributes;
        /// Counts.
        dropped_events: u32 = spans::dropped_events;
        /// Counts.
        dropped_links: u32 = spans::dropped_links;
        /// Rows of the scope table.
        scopes: u32 = spans::scopes;
        /// Prefix sums into the span event table.
        event_ends: u32 = spans::event_ends;
        /// Prefix sums into the link table.
        link_ends: u32 = spans::link_ends;
        /// Unix nanoseconds of span events, two words, low word first.
        event_times: u32 = spans::event_times, counted by event_ends;
        /// Text references, one per span event.
        event_names: u32 = spans::event_names, counted by event_ends;
        /// Counts, one per span event.
        event_dropped_attributes: u32 = spans::event_dropped_attributes, counted by event_ends;
        /// 16 bytes per link.
        link_trace_ids: u8 = spans::link_trace_ids, counted by link_ends;
        /// 8 bytes per link.
        link_span_ids: u8 = spans::link_span_ids, counted by link_ends;
        /// Text references, one per link.
        link_trace_states: u32 = spans::link_trace_states, counted by link_ends;
        /// OTLP link flags.
        link_flags: u32 = spans::link_flags, counted by link_ends;
        /// Counts, one per link.
        link_dropped_attributes: u32 = spans::link_dropped_attributes, counted by link_ends;
    }
}

table! {
    /// One row per event.
    EventColumns, EventCells, EventTable in events, named "events" {
        /// Unix nanoseconds, two words, low word first; zero if unknown.
        times: u32 = events::times;
        /// Unix nanoseconds, two words, low word first; zero if unknown.
        observed_times: u32 = events::observed_times;
        /// OTLP severity numbers.
        severity_numbers: u32 = events::severity_numbers;
        /// Text references.
        severity_texts: u32 = events::severity_texts;
        /// Text references.
        names: u32 = events::names;
        /// Types of the bodies.
        body_types: u8 = events::body_types;
        /// Values of the bodies, two words.
        body_values: u32 = events::body_values;
        /// 16 bytes per event, zero if none.
        trace_ids: u8 = events::trace_ids;
        /// 8 bytes per event, zero if none.
        span_ids: u8 = events::span_ids;
        /// W3C trace flags.
        flags: u32 = events::flags;
        /// Counts.
        dropped_attributes: u32 = events::dropped_attributes;
        /// Rows of the scope table.
        scopes: u32 = events::scopes;
    }
}

table! {
    /// Scopes, resources and nested values, shared by all signals.
    SharedColumns, SharedCells, SharedTable in shared, named "batch" {
        /// Text references, one per scope.
        scope_names: u32 = Handle::scope_names;
        /// Text references, one per scope.
        scope_versions: u32 = Handle::scope_versions;
        /// Text references, one per scope.
        scope_schema_urls: u32 = Handle::scope_schema_urls;
        /// Counts, one per scope.
        scope_dropped_attributes: u32 = Handle::scope_dropped_attributes;
        /// Rows of the resource table, one per scope.
        scope_resources: u32 = Handle::scope_resources;
        /// Text references, one per resource.
        resource_schema_urls: u32 = Handle::resource_schema_urls;
        /// Counts, one per resource.
        resource_dropped_attributes: u32 = Handle::resource_dropped_attributes;
        /// Text references, empty in arrays.
        nested_keys: u32 = Handle::nested_keys;
        /// As in an attribute table.
        nested_types: u8 = Handle::nested_types;
        /// As in an attribute table, two words.
        nested_values: u32 = Handle::nested_values;
        /// What values of type bytes refer to.
        bytes: u8 = Handle::bytes;
    }
}

/// A column as the contract spells it.
fn in_contract(name: &str) -> String {
    name.replace('_', "-")
}

const SHARED_BY_ALL: [&str; 5] =
    ["batch.text", "batch.attribute_ends", "batch.attribute_keys", "batch.attribute_types", "batch.attribute_values"];

fn with_shared(names: &'static [&'static str]) -> impl Iterator<Item = String> {
    names.iter().chain(SharedCells::NAMES).chain(&SHARED_BY_ALL).map(|name| in_contract(name))
}

/// Every column of a batch of spans, as [`Description::reads`](crate::Description::reads) takes them.
pub fn of_spans() -> impl Iterator<Item = String> {
    with_shared(SpanCells::NAMES)
}

/// Every column of a batch of events, as [`Description::reads`](crate::Description::reads) takes them.
pub fn of_events() -> impl Iterator<Item = String> {
    with_shared(EventCells::NAMES)
}

/// Every cell of a batch.
#[derive(Default)]
pub(crate) struct Cells {
    pub(crate) text: OnceCell<Text>,
    pub(crate) spans: SpanCells,
    pub(crate) events: EventCells,
    pub(crate) shared: SharedCells,
    pub(crate) attributes: [AttributeCells; Owner::COUNT],
}

/// The text arena as it was fetched.
#[cfg(target_family = "wasm")]
pub(crate) type Text = String;
#[cfg(not(target_family = "wasm"))]
pub(crate) type Text = std::sync::Arc<String>;

/// Whose attributes a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Owner {
    Span,
    SpanEvent,
    SpanLink,
    Scope,
    Resource,
    Event,
}

impl Owner {
    /// How many kinds of owner there are.
    pub const COUNT: usize = 6;
}

#[derive(Default)]
pub(crate) struct AttributeCells {
    pub(crate) ends: OnceCell<Column<u32>>,
    pub(crate) keys: OnceCell<Column<u32>>,
    pub(crate) types: OnceCell<Column<u8>>,
    pub(crate) values: OnceCell<Column<u32>>,
}

/// The attributes of one kind of owner, as a test hands them in.
#[cfg(not(target_family = "wasm"))]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttributeTable {
    /// Prefix sums, one per owner.
    pub ends: Column<u32>,
    /// Text references.
    pub keys: Column<u32>,
    /// Types, numbered as in OTLP's `AnyValue`.
    pub types: Column<u8>,
    /// Values, two words.
    pub values: Column<u32>,
}

/// The columns of a batch, as a test hands them in.
#[cfg(not(target_family = "wasm"))]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// What text references refer to.
    pub text: Text,
    /// One row per span.
    pub spans: SpanTable,
    /// One row per event.
    pub events: EventTable,
    /// Scopes, resources and nested values.
    pub shared: SharedTable,
    /// One table per kind of owner, indexed by [`Owner`].
    pub attributes: [AttributeTable; Owner::COUNT],
}

/// The attributes of one kind of owner.
#[derive(Clone, Copy)]
pub struct AttributeColumns<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) owner: Owner,
}

macro_rules! attribute_columns {
    ($($(#[$meta:meta])* $column:ident: $word:ty = $getter:path $(, counted by $ends:ident)?;)+) => {
        impl<'a> AttributeColumns<'a> {
            $(
                $(#[$meta])*
                #[inline]
                pub fn $column(self) -> &'a [$word] {
                    self.batch.cells.attributes[self.owner as usize].$column.get_or_init(|| {
                        $(if is_nobodys(self.$ends()) {
                            return Column::default();
                        })?
                        #[cfg(target_family = "wasm")]
                        return $getter(&self.batch.handle, self.owner.into());
                        #[cfg(not(target_family = "wasm"))]
                        self.batch.handle.columns.attributes[self.owner as usize].$column.clone()
                    })
                }
            )+
        }
    };
}

attribute_columns! {
    /// Prefix sums, one per owner.
    ends: u32 = Handle::attribute_ends;
    /// Text references.
    keys: u32 = Handle::attribute_keys, counted by ends;
    /// Types, numbered as in OTLP's `AnyValue`.
    types: u8 = Handle::attribute_types, counted by ends;
    /// Values, two words.
    values: u32 = Handle::attribute_values, counted by ends;
}

#[cfg(target_family = "wasm")]
impl From<Owner> for crate::bindings::spangate::exporter::batch::Owner {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::Span => Self::Span,
            Owner::SpanEvent => Self::SpanEvent,
            Owner::SpanLink => Self::SpanLink,
            Owner::Scope => Self::Scope,
            Owner::Resource => Self::Resource,
            Owner::Event => Self::Event,
        }
    }
}

/// The `row`-th 64-bit value of a column of word pairs; 0 beyond its end.
#[inline]
pub(crate) fn wide(column: &[u32], row: usize) -> u64 {
    match column.get(2 * row..2 * row + 2) {
        Some(&[low, high]) => u64::from(low) | u64::from(high) << 32,
        _ => 0,
    }
}

/// The `row`-th value of a column; zero beyond its end.
#[inline]
pub(crate) fn at<T: Copy + Default>(column: &[T], row: usize) -> T {
    column.get(row).copied().unwrap_or_default()
}

/// Whether nobody owns a row: then there is none to ask the host for.
#[inline]
fn is_nobodys(ends: &[u32]) -> bool {
    ends.last().is_none_or(|end| *end == 0)
}

/// Rows `row` owns by prefix sums.
#[inline]
pub(crate) fn owned(ends: &[u32], row: usize) -> std::ops::Range<usize> {
    let start = if row == 0 { 0 } else { at(ends, row - 1) as usize };
    start..(at(ends, row) as usize).max(start)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Two spans, with what a host answers that has been asked for rows which nobody owns.
    fn batch(ends: [u32; 2]) -> Batch {
        let spans = SpanTable {
            link_ends: Arc::new(ends.to_vec()),
            link_trace_ids: Arc::new(vec![7; 16]),
            ..SpanTable::default()
        };
        let mut attributes: [AttributeTable; Owner::COUNT] = Default::default();
        attributes[Owner::SpanLink as usize] =
            AttributeTable { ends: Arc::new(ends.to_vec()), types: Arc::new(vec![1]), ..AttributeTable::default() };
        Batch::from_columns(2, Columns { spans, attributes, ..Columns::default() })
    }

    #[test]
    fn rows_that_nobody_owns_are_not_asked_for() {
        for (ends, expected) in [([0, 0], (0, 0)), ([0, 1], (16, 1))] {
            let batch = batch(ends);
            let links = batch.span_columns().link_trace_ids().len();
            assert_eq!((links, batch.attribute_columns(Owner::SpanLink).types().len()), expected);
        }
    }
}
