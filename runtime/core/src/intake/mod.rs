//! Takes in what is recorded in this process, and hands it on in chunks of columns.
//!
//! Constraints: never waits; bounded in rows and in bytes; every span and event is counted exactly once, as taken or as
//! dropped for a reason; threads that record share no lock and write no shared memory, except once in many spans; the
//! collector is woken for a chunk, not for a span.
//!
//! Design: a seat per thread (threads beyond their number share, and the first keeps it). A seat has a lane, which its
//! owner writes without a lock and the collector reads behind it, and for all that a lane does not take a shard behind a
//! lock that only the collector contends for. Both keep room in advance, in lots, so that the bounds are kept without a
//! shared count per span. The thread that records copies a span as it is; the collector makes columns of a chunk of them.
//! Texts that are constants of the program are then written once per chunk.

mod chunk;
mod constants;
mod flat;
mod lane;
mod ledger;
mod open_chunk;
mod options;
mod records;
mod room;
mod rows;
mod shard;
mod sharded;
mod split;
#[cfg(test)]
mod tests;

pub use chunk::Chunk;
pub(crate) use constants::Constants;
pub(crate) use lane::Record;
pub use ledger::{IntakeDropReason, IntakeLedger};
pub use options::IntakeOptions;
pub use records::Records;
pub use sharded::{Intake, Wake};
