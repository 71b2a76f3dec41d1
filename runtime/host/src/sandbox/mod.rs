//! Runs exporters as WebAssembly components, each within declared limits.
//!
//! Four files, four questions: `limits` what the operator declared, `meter` what one call used, `fault` why it was
//! stopped, `quarantine` whether it is called again. The way of one call: [`SandboxExporter`] -> `export` or `idle_calls`
//! (let in by `standing`) -> `run` -> `body` (idle instances) -> `instance` -> `metered_store` -> `metered` (in turn with
//! others: `turn`, `cpu`, `turns`) -> the guest, whose host calls come back through `guest`, `lending` and the capabilities.

mod addresses;
mod body;
#[cfg_attr(not(feature = "compiler"), expect(dead_code, reason = "without a compiler the cache is only read"))]
mod cache;
mod compilation;
mod compiler;
#[cfg(any(feature = "compiler", fuzzing))]
mod complexity;
mod component;
mod cpu;
mod credit;
mod description;
mod detail;
mod digest;
mod engine;
mod error;
mod export;
mod exporter;
mod fault;
#[cfg(fuzzing)]
pub mod fuzzing;
mod guest;
mod idle;
mod idle_calls;
mod inspection;
mod instance;
mod interval;
mod lending;
mod limits;
mod linkers;
mod links;
mod loader;
mod meter;
mod metered;
mod metered_store;
mod observer;
mod precompiled;
mod quarantine;
mod run;
mod scan;
mod shelf;
mod signal;
#[cfg(target_os = "linux")]
mod stacks;
mod standing;
mod standstill;
mod state;
#[cfg(test)]
mod tests;
mod threads;
mod track;
mod turn;
mod turns;

pub use self::{
    cpu::CpuState,
    description::Description,
    error::{LoadError, SandboxError, SettingError},
    exporter::SandboxExporter,
    inspection::{Import, Inspection, inspect},
    loader::Sandbox,
    observer::GuestObserver,
    quarantine::Health,
    state::{Cost, ExporterState, LastFault},
    track::Need,
};
pub use crate::capability::{
    backend::{HttpBackend, HttpFailure, HttpRequest, HttpResponse},
    terminal::TerminalSink,
};
