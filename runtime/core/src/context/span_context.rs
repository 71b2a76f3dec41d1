//! The part of a span that other processes know.

use super::{SpanId, TraceFlags, TraceId, TraceState, trace_parent::TraceParent};

/// Which span of which trace, and whether it is sampled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The span in it.
    pub span_id: SpanId,
    /// W3C trace flags.
    pub trace_flags: TraceFlags,
    /// Whether it came from another process.
    pub is_remote: bool,
    /// What tracing systems add for themselves.
    pub trace_state: TraceState,
}

impl SpanContext {
    /// Whether both ids are.
    pub fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }

    /// Whether the trace is recorded and exported.
    pub fn is_sampled(&self) -> bool {
        self.trace_flags.is_sampled()
    }

    /// Reads the values of all `traceparent` and all `tracestate` headers of a request, each in their order.
    ///
    /// None means: start a new trace. That is so if there is no `traceparent`, more than one, or an invalid one. An
    /// invalid `tracestate` is dropped alone. Source: W3C Trace Context, section 3.
    pub fn from_headers<'a>(
        trace_parent: impl IntoIterator<Item = &'a str>,
        trace_state: impl IntoIterator<Item = &'a str>,
    ) -> Option<Self> {
        let mut trace_parents = trace_parent.into_iter();
        let TraceParent { trace_id, span_id, trace_flags } = TraceParent::parse(trace_parents.next()?)?;
        if trace_parents.next().is_some() {
            return None;
        }
        let trace_state = TraceState::from_headers(trace_state).unwrap_or_default();
        Some(Self { trace_id, span_id, trace_flags, is_remote: true, trace_state })
    }

    /// The value of a `traceparent` header. None if the context is not valid.
    pub fn to_trace_parent(&self) -> Option<String> {
        let Self { trace_id, span_id, trace_flags, .. } = *self;
        self.is_valid().then(|| TraceParent { trace_id, span_id, trace_flags }.to_string())
    }

    /// The value of a `tracestate` header, at most 512 characters. None if there is nothing to send.
    pub fn to_trace_state(&self) -> Option<String> {
        self.trace_state.to_header()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE_PARENT: &str = "00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01";

    #[test]
    fn headers_are_a_context_of_another_process_and_become_the_same_headers() {
        let context = SpanContext::from_headers([TRACE_PARENT], ["a=1", "b=2"]).expect("valid");
        assert!(context.is_remote && context.is_valid() && context.is_sampled());
        assert_eq!(context.to_trace_parent().as_deref(), Some(TRACE_PARENT));
        assert_eq!(context.to_trace_state().as_deref(), Some("a=1,b=2"));
    }

    #[test]
    fn no_traceparent_two_or_a_wrong_one_start_a_new_trace() {
        for trace_parents in [&[][..], &[TRACE_PARENT; 2], &["00"]] {
            assert_eq!(SpanContext::from_headers(trace_parents.iter().copied(), ["a=1"]), None, "{trace_parents:?}");
        }
    }

    #[test]
    fn a_wrong_tracestate_is_dropped_alone() {
        let context = SpanContext::from_headers([TRACE_PARENT], ["=,"]).expect("valid");
        assert_eq!((context.to_trace_state(), context.is_remote), (None, true));
    }

    #[test]
    fn a_context_without_ids_has_no_header() {
        assert_eq!(SpanContext::default().to_trace_parent(), None);
    }
}
