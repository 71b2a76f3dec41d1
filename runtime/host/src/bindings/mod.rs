//! The contract as Rust types: what `wit/v0.1` generates, the handles behind its resources, and conversions of what a
//! guest answers. No decisions: limits and policies live in `sandbox` and `capability`.

#[cfg(fuzzing)]
pub mod fuzzing;
mod outcome;
mod payload;
pub(crate) mod v0_1;

pub(crate) use outcome::{bound_description, bound_outcome, corrections};
pub(crate) use payload::{Payload, PayloadLimit, Payloads};
