//! Who is to blame for faults, the exporter or a row of what it was handed.
//!
//! Constraints:
//!
//! 1. One row that makes an exporter fault costs that row and nothing else: after two faults on a batch at most
//!    `2 * ceil(log2 n) + 1` calls find it among `n`, not counting calls that came to no end (a backend that is away).
//! 2. An exporter that is broken costs nothing but time: where more than a few batches fault none is cut, no row is
//!    condemned, everything waits.
//! 3. No row is condemned unless something else got through since the rows around it were suspected.
//! 4. A broken exporter is called seldom, however many batches wait for it.
//!
//! Design: [`Suspicion`] travels with what waits in a queue and says what its rows did; [`Circuit`] knows all calls of an
//! exporter and says whether it is called at all and whom the faults speak against. Both are pure; the queue keeps
//! what was cut in an order in which siblings are tried before either of them is cut again, so that a batch is never in
//! more pieces than twice the cuts that lead to a row.

mod back_off;
mod circuit;
mod suspicion;
#[cfg(test)]
mod tests;

pub use back_off::BackOff;
pub use circuit::{Call, Circuit, May, Standing};
pub use suspicion::{Ruling, Suspicion};
