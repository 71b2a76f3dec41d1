//! What is recorded about a span. Written through [`crate::tracer::Span`], read by processors.
//!
//! Constraints: a span's memory is used again for later spans, so that recording allocates nothing in the steady state;
//! hence attributes of events and links lie in one flat list each, with prefix sums as in columns.

mod attribute_row;
mod attribute_set;
mod data;
mod details;
mod flat_attributes;

pub(crate) use attribute_row::{MAX_KEY_BYTES, Row, Slot, Text};
pub use attribute_row::{TextRef, ValueRef};
pub use attribute_set::AttributeSet;
pub use data::{SpanData, SpanKind, Status};
pub use details::{SpanEvent, SpanEvents, SpanLink, SpanLinks};
