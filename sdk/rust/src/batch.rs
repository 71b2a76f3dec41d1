//! One batch of rows, lent to the exporter for one call.

use crate::columns::{AttributeColumns, Cells, EventColumns, Owner, SharedColumns, SpanColumns};
use crate::event::Events;
use crate::id::BatchId;
use crate::payload::{Payload, PayloadForm};
use crate::span::Spans;

#[cfg(target_family = "wasm")]
pub(crate) type Handle = crate::bindings::spangate::exporter::batch::Batch;
#[cfg(not(target_family = "wasm"))]
pub(crate) type Handle = crate::testing::Fixture;

/// One batch: ended spans, started spans or events.
///
/// Columns are fetched at first use; what is not touched costs nothing.
///
/// An operator may grant less than everything. What is not granted reads as if the application had not recorded it: a name is
/// empty, an id or a time is zero, a span has no events or no attribute of that key, in OTLP and payloads too.
pub struct Batch {
    pub(crate) handle: Handle,
    pub(crate) cells: Cells,
}

impl Batch {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle, cells: Cells::default() }
    }

    /// A batch of given columns, for tests and for running an exporter outside a sandbox.
    #[cfg(not(target_family = "wasm"))]
    pub fn from_columns(rows: u32, columns: crate::columns::Columns) -> Self {
        Self::new(crate::testing::Fixture { rows, columns, ..Default::default() })
    }

    /// The same for every attempt: an idempotency key.
    pub fn id(&self) -> BatchId {
        #[cfg(target_family = "wasm")]
        return BatchId(crate::id::id_at(&self.handle.id(), 0));
        #[cfg(not(target_family = "wasm"))]
        self.handle.id
    }

    /// 1 for the first attempt.
    pub fn attempt(&self) -> u32 {
        #[cfg(target_family = "wasm")]
        return self.handle.attempt();
        #[cfg(not(target_family = "wasm"))]
        self.handle.attempt
    }

    /// Number of rows: spans or events.
    #[expect(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(&self) -> usize {
        #[cfg(target_family = "wasm")]
        return self.handle.len() as usize;
        #[cfg(not(target_family = "wasm"))]
        return self.handle.rows as usize;
    }

    /// What the operator let through of the sender's request headers, by lower-case name.
    pub fn metadata(&self, key: &str) -> Option<String> {
        #[cfg(target_family = "wasm")]
        return self.handle.metadata(key);
        #[cfg(not(target_family = "wasm"))]
        self.handle.metadata.get(key).cloned()
    }

    /// The spans of the batch, in its order. None for a batch of events.
    pub fn spans(&self) -> Spans<'_> {
        Spans::new(self)
    }

    /// The events of the batch, in its order. None for a batch of spans.
    pub fn events(&self) -> Events<'_> {
        Events::new(self)
    }

    /// The batch as OTLP protobuf: an `ExportTraceServiceRequest` or `ExportLogsServiceRequest`.
    pub fn otlp(&self) -> Vec<u8> {
        #[cfg(target_family = "wasm")]
        return self.handle.otlp();
        #[cfg(not(target_family = "wasm"))]
        self.handle.otlp.clone()
    }

    /// The batch in OTLP's JSON encoding.
    pub fn otlp_json(&self) -> String {
        #[cfg(target_family = "wasm")]
        return self.handle.otlp_json();
        #[cfg(not(target_family = "wasm"))]
        self.handle.otlp_json.clone()
    }

    /// The batch as a request's body: its bytes never enter the guest.
    pub fn to_payload(&self, form: PayloadForm) -> Payload {
        #[cfg(target_family = "wasm")]
        return Payload::from_host(self.handle.to_payload(form.into()));
        #[cfg(not(target_family = "wasm"))]
        Payload::from_fixture(&self.handle, form)
    }

    /// What text references refer to.
    #[inline]
    pub fn text(&self) -> &str {
        self.cells.text.get_or_init(
            #[cfg(target_family = "wasm")]
            || self.handle.text(),
            #[cfg(not(target_family = "wasm"))]
            || self.handle.columns.text.clone(),
        )
    }

    /// The text that the `row`-th reference of a column refers to; empty if it is out of range.
    #[inline]
    pub fn text_at(&self, references: &[u32], row: usize) -> &str {
        text_at(self.text(), references, row)
    }

    /// The columns of spans.
    #[inline]
    pub fn span_columns(&self) -> SpanColumns<'_> {
        SpanColumns { batch: self }
    }

    /// The columns of events.
    #[inline]
    pub fn event_columns(&self) -> EventColumns<'_> {
        EventColumns { batch: self }
    }

    /// The columns of scopes, resources and nested values.
    #[inline]
    pub fn shared_columns(&self) -> SharedColumns<'_> {
        SharedColumns { batch: self }
    }

    /// The columns of the attributes of one kind of owner.
    #[inline]
    pub fn attribute_columns(&self, owner: Owner) -> AttributeColumns<'_> {
        AttributeColumns { batch: self, owner }
    }

    /// The columns read so far, as `describe` names them: a test compares the two. `batch.text` is among them.
    #[cfg(not(target_family = "wasm"))]
    pub fn columns_read(&self) -> Vec<String> {
        let mut names = Vec::new();
        if self.cells.text.get().is_some() {
            names.push("batch.text".to_owned());
        }
        self.cells.spans.list_fetched(&mut names);
        self.cells.events.list_fetched(&mut names);
        self.cells.shared.list_fetched(&mut names);
        for (name, is_read) in [
            ("batch.attribute-ends", self.cells.attributes.iter().any(|cells| cells.ends.get().is_some())),
            ("batch.attribute-keys", self.cells.attributes.iter().any(|cells| cells.keys.get().is_some())),
            ("batch.attribute-types", self.cells.attributes.iter().any(|cells| cells.types.get().is_some())),
            ("batch.attribute-values", self.cells.attributes.iter().any(|cells| cells.values.get().is_some())),
        ] {
            if is_read {
                names.push(name.to_owned());
            }
        }
        names
    }
}

#[inline]
pub(crate) fn text_at<'a>(text: &'a str, references: &[u32], row: usize) -> &'a str {
    match references.get(2 * row..2 * row + 2) {
        Some(&[offset, length]) => {
            // An end that wraps around is before the start, and no range.
            text.get(offset as usize..offset.wrapping_add(length) as usize).unwrap_or_default()
        }
        _ => "",
    }
}
