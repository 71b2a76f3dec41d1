//! From spans as they were recorded to columns: the collector's part of recording.
//!
//! Design: column by column. The values of one column lie close together, and what a loop over them does is always the
//! same.

mod column;
mod flat;
mod records;

pub(super) use flat::split;
pub(super) use records::{GROUP, Placed, reserve, split_records};
