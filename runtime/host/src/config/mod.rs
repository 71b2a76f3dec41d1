//! The configuration: TOML in, types that cannot be wrong out.
//!
//! Constraints: every error is found in one go and told with its place; nothing is read from the environment or the disk
//! but through [`Surroundings`], or when [`Environment::read`] is called; secrets appear in no error. `model/` mirrors
//! the TOML and holds the defaults, `sections/` says which keys there are, `reader.rs` and `shapes.rs` do the reading.

mod bearer_token;
mod document;
mod environment;
mod environment_values;
mod key_path;
mod mask;
mod model;
mod origin;
mod problem;
mod reader;
mod secrets;
mod sections;
mod shapes;
mod source;
mod suggest;
mod units;
mod variables;

#[cfg(test)]
mod tests;

pub use bearer_token::BearerToken;
pub(crate) use document::parse_embedded;
pub use document::{Document, MAX_BYTES, parse};
pub(crate) use environment::SAMPLER as SAMPLER_VARIABLE;
pub use environment::{Environment, SpanLimitVariables};
pub use model::*;
pub use origin::{AllowedOrigin, OriginError};
pub use problem::{ConfigError, Problem};
pub(crate) use reader::Embedding;
pub use reader::Surroundings;
pub use secrets::{Secret, Secrets};
pub(crate) use variables::of_process;
