//! The pure part of spangate: spans, samplers, queues, batches and the ledger.
//!
//! No I/O, no async runtime, no WebAssembly, no clock but the one that is handed in.

pub mod attribute;
pub mod batch;
pub mod batcher;
pub mod clock;
pub mod columns;
pub mod consumer;
pub mod context;
pub mod event;
pub mod exporter;
pub mod flush;
pub mod in_memory;
pub mod intake;
pub mod limits;
pub mod narrow;
pub mod otlp;
pub mod poison;
pub mod processor;
pub mod queue;
pub mod resource;
pub mod retry;
pub mod sampler;
pub mod scope;
pub mod signal;
pub mod span;
mod split;
pub mod suppression;
pub mod tally;
mod thread_slot;
pub mod tracer;

/// The examples of the README are compiled with the other documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
