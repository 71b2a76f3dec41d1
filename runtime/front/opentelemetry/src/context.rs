//! Contexts, kinds, status and times of the SDK.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace;
use spangate_core::{
    context::{SpanContext, SpanId, TraceFlags, TraceId, TraceState},
    span::{SpanKind, Status},
};

/// Ids, flags and trace state as they are. A trace state that W3C Trace Context does not allow is left out.
pub(crate) fn context_of(context: &trace::SpanContext) -> SpanContext {
    SpanContext {
        trace_id: TraceId(context.trace_id().to_bytes()),
        span_id: SpanId(context.span_id().to_bytes()),
        trace_flags: TraceFlags(context.trace_flags().to_u8()),
        is_remote: context.is_remote(),
        trace_state: trace_state_of(context.trace_state()),
    }
}

fn trace_state_of(trace_state: &trace::TraceState) -> TraceState {
    if *trace_state == trace::TraceState::NONE {
        return TraceState::default();
    }
    TraceState::from_headers([trace_state.header().as_str()]).unwrap_or_default()
}

pub(crate) fn kind_of(kind: &trace::SpanKind) -> SpanKind {
    match kind {
        trace::SpanKind::Internal => SpanKind::Internal,
        trace::SpanKind::Server => SpanKind::Server,
        trace::SpanKind::Client => SpanKind::Client,
        trace::SpanKind::Producer => SpanKind::Producer,
        trace::SpanKind::Consumer => SpanKind::Consumer,
    }
}

pub(crate) fn status_of(status: trace::Status) -> Status {
    match status {
        trace::Status::Unset => Status::Unset,
        trace::Status::Ok => Status::Ok,
        trace::Status::Error { description } => Status::Error { description },
    }
}

/// Unix nanoseconds; 0 before 1970, the last nanosecond of 2554 after it.
pub(crate) fn unix_nanos(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
