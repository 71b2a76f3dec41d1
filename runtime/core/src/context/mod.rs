//! What identifies a span and travels with it from process to process, after W3C Trace Context.

mod ids;
mod span_context;
mod trace_flags;
mod trace_parent;
mod trace_state;

pub use ids::{SpanId, TraceId};
pub use span_context::SpanContext;
pub use trace_flags::TraceFlags;
pub use trace_state::{InvalidEntry, TraceState};
