//! Puts every part together: the only folder that knows them all.
//!
//! Constraints: a start tells everything that is wrong and starts nothing then; a runtime works from a synchronous
//! `main` and inside any async runtime, because it has threads of its own and never blocks on a future; several live in
//! one process and share nothing; what is synchronous waits with a deadline.

mod builder;
mod closing;
mod components;
mod error;
mod flusher;
mod guard;
mod handle;
mod io;
mod layers;
mod located;
mod narrowings;
mod native;
mod outlet;
mod ports;
mod readiness;
mod recording;
mod scheduling;
mod sinks;
mod snapshot;
mod start;
#[cfg(test)]
mod tests;
mod ticks;
mod view;
mod written;

pub use builder::RuntimeBuilder;
pub use error::{StartError, StartProblem};
pub use flusher::Flusher;
pub use guard::ShutdownGuard;
pub use handle::Runtime;
pub use native::NativeExporter;
