//! Tests of exporters, natively: batches made by hand, and a host that answers from a script.

mod fixture;
pub(crate) mod host;
mod row;
mod sample;
mod value;

pub use crate::settings::configure;
pub use fixture::{BatchBuilder, Fixture};
pub use host::{Host, LogLine, Measurement, SentBody, SentRequest};
pub use row::{Event, Link, Span};
pub use sample::{every_event_shape, every_span_shape};
pub use value::Value;
