//! How large batches become, and how long rows wait for others.

use std::time::Duration;

/// Limits of a batch. Defaults: OpenTelemetry specification, "Batching processor".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Rows; more where cutting to this many would repeat more than 32 MiB of a request's resource and scope. Default 512.
    pub max_rows: u32,
    /// Bytes, as [`crate::batch::Batch::size`] counts them; at most 1 GiB. A single row may be larger. Default 4 MiB.
    pub max_bytes: usize,
    /// How long a row waits for others. Default 5 s.
    pub schedule_delay: Duration,
    /// Different metadata whose rows may be pending at once, at least 1; one more sends off the oldest. Default 64.
    pub metadata_cardinality_limit: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self {
            max_rows: 512,
            max_bytes: 4 << 20,
            schedule_delay: Duration::from_secs(5),
            metadata_cardinality_limit: 64,
        }
    }
}
