//! What came in before any exporter saw it.

use std::collections::BTreeMap;

use serde::Serialize;

/// Rows that came in, and where they went. At any quiet point, exact in integers:
/// `recorded + received = sampled_out + accepted + dropped{reason}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IntakeStatus {
    /// Rows recorded in this process.
    pub recorded: u64,
    /// Rows that receivers handed over.
    pub received: u64,
    /// Rows that the sampler left out.
    pub sampled_out: u64,
    /// Rows that went into batches.
    pub accepted: u64,
    /// Rows lost before a batch was cut, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Whether the law holds at this moment.
    pub is_balanced: bool,
}
