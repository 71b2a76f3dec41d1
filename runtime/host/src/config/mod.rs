//! The configuration: TOML in, types that cannot be wrong out.

mod model;

pub use model::*;
