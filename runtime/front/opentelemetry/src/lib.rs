#![doc = include_str!("../README.md")]

mod attributes;
mod context;
mod counts;
mod ending;
mod exporter;
mod handover;
mod origins;
mod own_work;
mod processor;
#[cfg(test)]
mod tests;

pub use counts::SpanCounts;
pub use exporter::{SpangateExporter, exporter};
pub use own_work::WithoutOwnWork;
pub use processor::{SpangateProcessor, processor};
pub use spangate_core as core;
