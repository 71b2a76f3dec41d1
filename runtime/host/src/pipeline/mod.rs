//! From recorded and received rows to exporters, and the account of every row on the way.
//!
//! Constraints:
//!
//! 1. Every row is in exactly one column of a ledger at any moment; the law holds at any quiet point.
//! 2. Nothing waits without an end: not a worker, not a call, not a drain.
//! 3. Memory is bounded: queues in rows and bytes, what is pending in batches, what was taken beyond a full queue.
//! 4. One exporter never holds up another; only required ones hold up receivers, and none holds up a recording thread.
//! 5. It does not know what a sandbox is: exporters are [`spangate_core::exporter::Exporter`]s.
//!
//! Design: an [`entrance`] per signal cuts batches once and offers them to a [`lane`] per exporter, each with its queue,
//! ledger and back-off. The [`collector`] brings in what was recorded; receivers bring in requests themselves, on their
//! own tasks. [`delivery`] workers, as many per lane as the operator chose, take what is ready, take out what the
//! exporter is not to see ([`showing`]), call the exporter, and let the [`verdict`] put every row where it belongs. A row
//! that makes an exporter fault is looked for ([`faulting`]) and written to the [`dead_letters`].

mod attempts;
mod authorization;
mod burying;
mod caught;
mod closing;
mod collector;
mod collector_wake;
mod consumer;
mod dead_letter_file;
mod dead_letters;
mod delivery;
mod entrance;
mod faulting;
mod flow;
mod home;
mod keyed_hash;
mod lane;
mod lane_account;
mod lane_settings;
mod lane_state;
mod received_sampler;
mod report;
mod settling;
mod showing;
mod spawning;
mod subscription;
#[cfg(test)]
mod tests;
mod unseen;
mod verdict;

pub(crate) use attempts::AttemptLog;
pub(crate) use dead_letter_file::DeadLetterFile;
pub(crate) use flow::{Pipeline, PipelineParts};
pub(crate) use home::Home;
pub use keyed_hash::KeyedHash;
pub(crate) use lane::Lane;
pub(crate) use lane_settings::{LaneSettings, queue_limits, retry_policy};
pub(crate) use received_sampler::ReceivedSampler;
pub use report::{ExporterReport, Report};
pub use subscription::{EventNames, Subscription};
