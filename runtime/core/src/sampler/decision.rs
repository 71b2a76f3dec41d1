//! What a sampler is asked, and what it answers.

use crate::{
    context::{SpanContext, TraceId},
    span::{AttributeSet, SpanKind},
};

/// Decides about a trace. Asked for roots, and for spans whose parent is in another process; a span whose parent is in
/// this process inherits. Called on the application's threads: it must not block.
pub trait Sampler: Send + Sync {
    /// Whether the span, and with it the trace as far as this process sees it, is recorded and exported.
    fn should_sample(&self, parameters: &SamplingParameters<'_>) -> SamplingDecision;
}

/// What a sampler may look at.
#[derive(Clone, Copy, Debug)]
pub struct SamplingParameters<'a> {
    /// The parent in another process; none for a root.
    pub parent: Option<&'a SpanContext>,
    /// The id of the trace.
    pub trace_id: TraceId,
    /// The span's name.
    pub name: &'a str,
    /// The span's kind.
    pub kind: SpanKind,
    /// Attributes that were given before the start.
    pub attributes: &'a AttributeSet,
}

/// A sampler's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplingDecision {
    /// Not recorded, not exported; counted as `sampled_out`.
    Drop,
    /// Recorded and exported.
    RecordAndSample,
}

impl SamplingDecision {
    /// `RecordAndSample` if true.
    pub fn from_sampled(is_sampled: bool) -> Self {
        if is_sampled { Self::RecordAndSample } else { Self::Drop }
    }
}

impl<S: Sampler + ?Sized> Sampler for Box<S> {
    fn should_sample(&self, parameters: &SamplingParameters<'_>) -> SamplingDecision {
        (**self).should_sample(parameters)
    }
}

#[cfg(test)]
pub(crate) fn decide(sampler: &dyn Sampler, trace_id: TraceId, parent: Option<&SpanContext>) -> bool {
    let parameters = SamplingParameters {
        parent,
        trace_id,
        name: "span",
        kind: SpanKind::Internal,
        attributes: AttributeSet::EMPTY,
    };
    sampler.should_sample(&parameters) == SamplingDecision::RecordAndSample
}
