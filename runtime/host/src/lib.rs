//! Runs trace exporters as WebAssembly components, each in a sandbox with a budget.

pub mod admin;
mod bindings;
mod capability;
pub mod clock;
pub mod config;
pub mod error;
mod pipeline;
pub mod receiver;
pub mod sandbox;
pub mod status;
pub mod telemetry;
