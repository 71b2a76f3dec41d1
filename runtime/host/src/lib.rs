//! Runs trace exporters as WebAssembly components, each in a sandbox with a budget.
//!
//! A [`Runtime`] takes in the spans and events of this process, and those of other processes that send OTLP. It samples
//! them, keeps them in bounded queues, and hands them in batches to exporters. Each exporter is a component with a fuel
//! budget, a memory cap, a deadline and a list of what it may reach. The threads of the program never wait for any of
//! it, and every span that comes in is accounted for.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! fn main() -> Result<(), spangate::StartError> {
//!     let runtime = spangate::Runtime::from_toml_file("spangate.toml").start()?; // tells every mistake, with its line
//!     let tracer = runtime.tracer("shop");
//!
//!     let mut checkout = tracer.span("checkout").attribute("order", 7).start();
//!     tracer.span("pay").child_of(&checkout).start().end();
//!     checkout.set_attribute("paid", true);
//!     drop(checkout); // ends it
//!
//!     println!("{}", runtime.shutdown(Duration::from_secs(5))); // what was delivered, what was not, and why
//!     Ok(())
//! }
//! ```
//!
//! with a `spangate.toml` such as
//!
//! ```toml
//! [resource]
//! service.name = "shop"
//!
//! [exporters.zipkin]
//! component = "builtin:zipkin"                      # or the path of a component
//! grants.http.allow = ["http://localhost:9411"]     # it reaches nothing else
//! settings.endpoint = "http://localhost:9411/api/v2/spans"
//! ```
//!
//! # Starting
//! [`Runtime::from_toml`], [`Runtime::from_toml_file`], [`Runtime::from_env`] and [`Runtime::builder`] all begin a
//! [`RuntimeBuilder`], which says what holds where code, environment and configuration say different things. Nothing
//! is read from the environment unless it is asked for: `${env:NAME}` in the text, or [`RuntimeBuilder::read_env`] for
//! the variables `OTEL_*`.
//!
//! # Recording
//! [`Runtime::tracer`] gives a [`Tracer`](core::tracer::Tracer); make one per part of the program and keep it. A
//! [`Span`](core::tracer::Span) ends when it is dropped, and may move to another thread or task. Programs that use
//! `tracing` take the layer of `spangate-tracing` instead; those that use the OpenTelemetry SDK or fastrace keep them, and
//! hand their spans over with `spangate-opentelemetry` or `spangate-fastrace`.
//!
//! # Ending
//! [`Runtime::shutdown`] delivers what is left within a deadline, [`Runtime::shutdown_on_drop`] has that done when a
//! scope ends. Both work from a synchronous `main`, on any thread of any async runtime, while a panic unwinds, and
//! harmlessly in a forked child; [`Runtime::flush`] works in a panic hook. A [`Report`] tells what became of every row.
//!
//! # Looking at it
//! [`Runtime::status`] is the whole state as plain data, [`Runtime::metrics`] the same for Prometheus; a [`LogSink`]
//! given to [`RuntimeBuilder::log`] hears what goes wrong. Without one spangate says nothing: a library does not write
//! to somebody else's standard error.
//!
//! # Features
//! All are on by default.
//!
//! | feature | brings | without it |
//! |---|---|---|
//! | `builtin` | the components `otlp`, `zipkin`, `webhook`, `console` | `component` names a file |
//! | `compiler` | Cranelift | compiled code is read from a `sandbox.cache_dir` that `spangate check` filled |
//! | `http` | the capability `http`: reqwest and rustls | components that import it are refused |
//! | `receivers` | OTLP over HTTP and gRPC, the admin endpoint | a configuration that wants a port is refused |
//! | `terminal` | the capability `terminal` | components that import it are refused |
//!
//! # Modules
//! | module | for whom |
//! |---|---|
//! | [`core`] | recording: spans, events, context, samplers, and the seam [`Exporter`](core::exporter::Exporter) for exporters in Rust |
//! | [`config`] | the configuration as types, for programs that do not write TOML, and [`Environment`](config::Environment) |
//! | [`status`] | what [`Runtime::status`] returns |
//! | [`telemetry`] | the log, and the metrics as text |
//! | [`sandbox`] | loading and describing components without a runtime; what can be wrong with one |
//! | `receiver`, `admin` | the ports, each usable alone; with the feature `receivers` |
//! | [`clock`] | the machine's clock |
//! | [`allocator`] | for programs that do little else |
//!
//! Examples that run as they stand: `embedded` (a synchronous program), `inside_tokio`, `from_toml` and
//! `native_exporter`.
//!
//! [`LogSink`]: telemetry::LogSink

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "receivers")]
pub mod admin;
pub mod allocator;
mod bindings;
mod bucket;
mod capability;
pub mod clock;
pub mod config;
mod guarded;
mod pipeline;
#[cfg(feature = "receivers")]
pub mod receiver;
mod runtime;
pub mod sandbox;
pub mod status;
pub mod telemetry;
mod text;

pub use pipeline::{EventNames, ExporterReport, KeyedHash, Report, Subscription};
pub use runtime::{Flusher, NativeExporter, Runtime, RuntimeBuilder, ShutdownGuard, StartError, StartProblem};
pub use sandbox::{
    Description, Import, Inspection, LoadError, Need, SandboxError, SettingError, TerminalSink, inspect,
};
pub use spangate_core as core;
pub use spangate_core::signal::Signal;

/// What the fuzz targets in `tests/fuzz` reach. It is in no ordinary build.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::capability::egress::fuzzing as egress;
    #[cfg(feature = "receivers")]
    pub use crate::receiver::fuzzing as receiver;
    pub use crate::{bindings::fuzzing as answer, sandbox::fuzzing as component};
}

/// The examples of the README are compiled with the other documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
