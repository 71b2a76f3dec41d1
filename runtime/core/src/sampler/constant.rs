//! Everything, or nothing.

use super::{Sampler, SamplingDecision, SamplingParameters};

/// Samples every trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlwaysOn;

/// Samples no trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlwaysOff;

impl Sampler for AlwaysOn {
    fn should_sample(&self, _: &SamplingParameters<'_>) -> SamplingDecision {
        SamplingDecision::RecordAndSample
    }
}

impl Sampler for AlwaysOff {
    fn should_sample(&self, _: &SamplingParameters<'_>) -> SamplingDecision {
        SamplingDecision::Drop
    }
}
