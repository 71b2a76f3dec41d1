//! The way of spans that need nothing special: from the thread that records them to the collector, without a lock.

mod block;
mod blocks;
mod reader;
mod record;
#[cfg(test)]
mod tests;
mod writer;

pub(super) use blocks::Blocks;
pub(crate) use record::Record;
pub(super) use writer::{Lane, Pushed};
