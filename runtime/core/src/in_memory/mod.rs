//! Keeps what was recorded in memory, for an embedder's own tests.
//!
//! Constraints: what is kept is owned and readable, and the same whichever way it came; bounded, and what does not fit is
//! counted and refused, never lost in silence.
//!
//! Without a runtime, a tracer records straight into an [`InMemoryExporter`]; nothing has to be flushed:
//!
//! ```
//! use std::sync::Arc;
//! use spangate_core::{clock::ManualClock, in_memory::InMemoryExporter, span::Status, tracer::Tracer};
//!
//! // What is to be tested.
//! fn pay(tracer: &Tracer, order: i64) {
//!     let mut span = tracer.span("pay").attribute("order", order).start();
//!     span.set_status(Status::error("card declined"));
//! }
//!
//! let memory = InMemoryExporter::new();
//! let tracer = Tracer::builder(Arc::new(ManualClock::default()), Arc::new(memory.clone())).build();
//! pay(&tracer, 7);
//!
//! let spans = memory.finished_spans();
//! assert_eq!(spans[0].name, "pay");
//! assert_eq!(spans[0].attribute("order"), Some(&7i64.into()));
//! assert_eq!(spans[0].status, Status::error("card declined"));
//! assert_eq!(memory.tree(), "pay (error: card declined)\n");
//! ```
//!
//! With a runtime it is an exporter like any other: `Runtime::builder().exporter("memory", Arc::new(memory.clone()),
//! Subscription::spans())`, then `runtime.flush(..)`, then look.

mod exporter;
mod from_columns;
mod from_recorded;
mod records;
#[cfg(test)]
mod tests;
mod tree;

pub use exporter::InMemoryExporter;
pub use records::{EventRecord, SpanEventRecord, SpanLinkRecord, SpanRecord};
