#![doc = include_str!("../README.md")]

mod counts;
mod event;
mod fields;
mod hooks;
mod layer;
mod metadata;
pub mod propagation;
mod recorder;
mod recording;
mod span_ext;
mod span_fields;
mod special;
mod writer;

pub use counts::LayerCounts;
pub use layer::{SpangateLayer, layer};
pub use propagation::{extract, inject};
pub use recording::ids_of;
pub use span_ext::{SetParentError, SpanExt};
pub use spangate_core as core;
