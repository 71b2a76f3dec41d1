//! Why a name cannot be connected to.

use std::time::Duration;

/// Why a name gave no address to connect to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    /// Addresses were found, and none is permitted.
    #[error("{0}")]
    Denied(String),
    /// The resolver answered with an error.
    #[error("`{name}` could not be resolved: {why}")]
    Failed {
        /// What was looked up.
        name: String,
        /// What the resolver said.
        why: String,
    },
    /// The name exists and has no address.
    #[error("`{0}` has no address")]
    Empty(String),
    /// No answer in time.
    #[error("`{name}` was not resolved within {} ms", .after.as_millis())]
    TimedOut {
        /// What was looked up.
        name: String,
        /// How long was waited.
        after: Duration,
    },
}
