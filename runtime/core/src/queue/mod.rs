//! The queue of one exporter.
//!
//! Constraints: bounded in rows and in bytes; never waits; every row that enters or leaves is entered in the exporter's
//! [`crate::tally::Tally`] in the same operation; a batch that has to be tried again keeps its place, and while it waits
//! others go first; a batch larger than the queue is cut, and an empty queue takes anything, so that nothing is refused
//! for ever.

mod entry;
mod exporter_queue;
mod limits;
#[cfg(test)]
mod tests;

pub use entry::QueueEntry;
pub use exporter_queue::{ExporterQueue, Pushed};
pub use limits::{QueueLimits, WhenFull};
