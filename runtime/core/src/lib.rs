//! The pure part of spangate: spans, samplers, queues, batches and the ledger.
//!
//! No I/O, no async runtime, no WebAssembly, no clock but the one that is handed in.

pub mod attribute;
pub mod batch;
pub mod columns;
pub mod consumer;
pub mod exporter;
pub mod otlp;
pub mod signal;
pub mod tally;
