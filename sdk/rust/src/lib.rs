//! Write a spangate exporter in Rust.
//!
//! Implement [`Exporter`], name the type in [`export!`], build for `wasm32-wasip2`: the result is a component that
//! spangate runs. Compiled natively the same source is an ordinary library; host calls then go to the scripted host of
//! [`testing`], so an exporter is tested with `cargo test`.
//!
//! ```
//! use spangate_sdk::{Batch, Exporter, Outcome, SettingError, http};
//!
//! #[derive(serde::Deserialize)]
//! struct Settings { url: String }
//!
//! struct Names(Settings);
//!
//! impl Exporter for Names {
//!     type Settings = Settings;
//!
//!     fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
//!         Ok(Self(settings))
//!     }
//!
//!     fn export_spans(&mut self, batch: &Batch) -> Outcome {
//!         let names: Vec<&str> = batch.spans().map(|span| span.name()).collect();
//!         http::post(&self.0.url).text("text/plain", names.join("\n")).idempotency_key(batch).deliver()
//!     }
//! }
//!
//! spangate_sdk::export!(Names);
//! ```
//!
//! A batch is read in columns. A column is fetched at first use, by one host call, so that a batch of 512 spans costs
//! a handful of calls; iterating over it allocates nothing. Nothing a host hands over is out of range; should it be,
//! the views answer zero or empty and never panic.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod attribute;
mod batch;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
pub mod clock;
pub mod columns;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod component;
mod description;
mod event;
mod export;
mod exporter;
pub mod grpc;
pub mod http;
mod id;
pub mod json;
pub mod log;
mod mapping;
pub mod metrics;
mod outcome;
mod payload;
pub mod protobuf;
mod scope;
mod settings;
mod span;
pub mod terminal;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use attribute::{Attributes, Nested, ValueView};
pub use batch::Batch;
pub use description::{Description, Signal};
pub use event::{EventView, Events};
pub use exporter::Exporter;
pub use id::{BatchId, SpanId, TraceId, push_hex};
pub use mapping::Peer;
pub use outcome::{Outcome, Partial, Retry};
pub use payload::{Compression, Encoding, Framing, Payload, PayloadForm};
pub use scope::{ResourceView, ScopeView};
pub use settings::{SettingError, configure};
pub use span::{LinkView, SpanEventView, SpanKind, SpanView, Spans, StatusCode};
