//! Cuts batches, once for all exporters.
//!
//! Constraints: rows keep the order in which they came; rows of different metadata never share a batch; small pieces are
//! joined up to the limits and no piece waits longer than `schedule_delay`; what is pending is bounded, and what is ready
//! is handed out before more is made; no row is lost or duplicated; time is an argument.
//!
//! Design: one pending batch per form and metadata. A piece that does not fit sends off what is pending rather than being
//! cut, so that a request as large as a batch is sent on as the bytes it came in; only a piece above the limits is cut.

mod cutter;
mod limits;
mod pending;
#[cfg(test)]
mod tests;

pub use cutter::{Batcher, Piece};
pub use limits::BatchLimits;
