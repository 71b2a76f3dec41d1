//! Recording: a [`Tracer`] starts spans and emits events; a [`crate::processor::SpanProcessor`] takes them in.
//!
//! Constraints: nothing here waits, and in the steady state no span allocates memory, takes a lock or writes memory that
//! other threads write; a span that is not sampled costs two random numbers and a decision; what is open is bounded.
//!
//! Design: an open span lives in a box from its thread's pool. The box keeps its tracer between spans, because counting
//! references to it would make all threads write one word. So a thread that has recorded keeps its last tracer and
//! that tracer's processor in memory until it ends or records with another.

mod builder;
mod event_builder;
mod finished_span;
mod id_generator;
mod live_spans;
mod open_span;
mod pool;
mod span;
mod span_builder;
mod span_draft;
mod span_plan;
#[cfg(test)]
mod tests;

pub use builder::{Tracer, TracerBuilder};
pub use event_builder::EventBuilder;
pub use finished_span::FinishedSpan;
pub use id_generator::reseed_ids;
pub use span::Span;
pub use span_builder::SpanBuilder;
pub use span_draft::SpanDraft;
