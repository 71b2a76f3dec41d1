//! Which traces are recorded. Decided once per trace, on its root, and inherited by every span below.

mod constant;
mod decision;
mod parent_based;
mod rate_limiting;
mod ratio;

pub use constant::{AlwaysOff, AlwaysOn};
#[cfg(test)]
pub(crate) use decision::decide;
pub use decision::{Sampler, SamplingDecision, SamplingParameters};
pub use parent_based::ParentBased;
pub use rate_limiting::RateLimiting;
pub use ratio::TraceIdRatio;
