//! What the caller decided, and a sampler for those who have no caller.

use super::{AlwaysOff, AlwaysOn, Sampler, SamplingDecision, SamplingParameters};

/// Follows the parent in another process. Source: OpenTelemetry specification, "ParentBased"; its two local cases are
/// not asked, because a parent in this process is always followed.
pub struct ParentBased {
    root: Box<dyn Sampler>,
    remote_sampled: Box<dyn Sampler>,
    remote_not_sampled: Box<dyn Sampler>,
}

impl ParentBased {
    /// Follows the parent; asks `root` for spans without one.
    pub fn new(root: impl Sampler + 'static) -> Self {
        Self { root: Box::new(root), remote_sampled: Box::new(AlwaysOn), remote_not_sampled: Box::new(AlwaysOff) }
    }

    /// Asks `sampler` when the parent is sampled. Default: always on.
    #[must_use]
    pub fn with_remote_sampled(mut self, sampler: impl Sampler + 'static) -> Self {
        self.remote_sampled = Box::new(sampler);
        self
    }

    /// Asks `sampler` when the parent is not sampled. Default: always off.
    #[must_use]
    pub fn with_remote_not_sampled(mut self, sampler: impl Sampler + 'static) -> Self {
        self.remote_not_sampled = Box::new(sampler);
        self
    }
}

impl Sampler for ParentBased {
    fn should_sample(&self, parameters: &SamplingParameters<'_>) -> SamplingDecision {
        match parameters.parent {
            None => self.root.should_sample(parameters),
            Some(parent) if parent.is_sampled() => self.remote_sampled.should_sample(parameters),
            Some(_) => self.remote_not_sampled.should_sample(parameters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        context::{SpanContext, TraceFlags, TraceId},
        sampler::decide,
    };

    #[test]
    fn the_parent_decides_and_the_root_sampler_is_for_roots() {
        let sampled = SpanContext { trace_flags: TraceFlags(9), is_remote: true, ..SpanContext::default() };
        let unsampled = SpanContext { trace_flags: TraceFlags(8), ..sampled.clone() };
        let off = ParentBased::new(AlwaysOff);
        let id = TraceId([1; 16]);
        assert!(!decide(&off, id, None));
        assert!(decide(&off, id, Some(&sampled)));
        assert!(!decide(&ParentBased::new(AlwaysOn), id, Some(&unsampled)));
        let turned = ParentBased::new(AlwaysOff).with_remote_sampled(AlwaysOff).with_remote_not_sampled(AlwaysOn);
        assert!(!decide(&turned, id, Some(&sampled)));
        assert!(decide(&turned, id, Some(&unsampled)));
    }
}
