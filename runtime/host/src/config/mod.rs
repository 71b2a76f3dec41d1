//! The configuration: TOML in, types that cannot be wrong out.

mod model;
mod secrets;

pub use model::*;
pub use secrets::{Secret, Secrets};
