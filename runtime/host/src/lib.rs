//! Runs trace exporters as WebAssembly components, each in a sandbox with a budget.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "receivers")]
pub mod admin;
mod bindings;
mod capability;
pub mod clock;
pub mod config;
mod pipeline;
#[cfg(feature = "receivers")]
pub mod receiver;
mod runtime;
pub mod sandbox;
pub mod status;
pub mod telemetry;

pub use pipeline::{EventNames, ExporterReport, Report, Subscription};
pub use runtime::{NativeExporter, Runtime, RuntimeBuilder, ShutdownGuard, StartError, StartProblem};
pub use sandbox::{
    Description, Import, Inspection, LoadError, Need, SandboxError, SettingError, TerminalSink, inspect,
};
pub use spangate_core as core;
pub use spangate_core::signal::Signal;

/// The examples of the README are compiled with the other documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
