//! How one exporter is fed.

use std::{sync::Arc, time::Duration};

use spangate_core::{
    narrow::Narrowing,
    queue::{QueueLimits, WhenFull},
    retry::RetryPolicy,
};

use super::{dead_letter_file::DeadLetterFile, subscription::Subscription};
use crate::config;

/// How one exporter is fed.
#[derive(Clone, Debug)]
pub(crate) struct LaneSettings {
    /// The exporter's name.
    pub(crate) name: String,
    /// What it is handed.
    pub(crate) subscription: Subscription,
    /// Whether a full queue pushes back on receivers.
    pub(crate) required: bool,
    /// Calls at once.
    pub(crate) concurrency: usize,
    /// The longest one call may take; for sandboxed exporters a safety net behind their own deadline.
    pub(crate) deadline: Duration,
    /// The queue's bounds, and those of one export.
    pub(crate) queue: QueueLimits,
    /// Back-off.
    pub(crate) retry: RetryPolicy,
    /// The first pause after the backend did not take the credentials.
    pub(crate) pause: Duration,
    /// Where rows go that the exporter cannot take; none drops them.
    pub(crate) dead_letters: Option<DeadLetterFile>,
    /// What it may see of a batch; none lets it see everything. Exporters with the same one share what is made with it.
    pub(crate) narrowing: Option<Arc<Narrowing>>,
    /// Names of the senders' headers that the backend sees.
    pub(crate) sender_headers: Vec<String>,
    /// Whether nothing is asked of its batches but OTLP as bytes, and none has to be cut.
    pub(crate) reads_otlp_alone: bool,
}

/// `[exporters.NAME.queue]`. One export carries what the batch, the operator and the backend's own limits all allow.
pub(crate) fn queue_limits(
    queue: &config::Queue,
    batch: &config::BatchLimits,
    backend_rows: Option<u32>,
    backend_bytes: Option<u32>,
) -> QueueLimits {
    let rows = queue.max_export_batch_size.unwrap_or(usize::MAX).min(batch.max_export_batch_size);
    let bytes = queue.max_export_batch_bytes.unwrap_or(usize::MAX).min(batch.max_export_batch_bytes);
    QueueLimits {
        max_rows: queue.max_queue_size,
        max_bytes: queue.max_queue_bytes,
        when_full: match queue.when_full {
            config::WhenFull::DropNewest => WhenFull::DropNewest,
            config::WhenFull::DropOldest => WhenFull::DropOldest,
            config::WhenFull::Refuse => WhenFull::Refuse,
        },
        max_batch_rows: u32::try_from(rows).unwrap_or(u32::MAX).min(backend_rows.unwrap_or(u32::MAX)).max(1),
        max_batch_bytes: bytes.min(backend_bytes.map_or(usize::MAX, |bytes| bytes as usize)).max(1),
    }
}

/// `[exporters.NAME.retry]`
pub(crate) fn retry_policy(retry: &config::Retry) -> RetryPolicy {
    RetryPolicy { initial: retry.initial, max: retry.max, max_age: retry.max_age }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_export_carries_what_every_limit_allows() {
        let queue = config::Queue { max_export_batch_size: Some(100), ..config::Queue::default() };
        let batch = config::BatchLimits::default();
        let limits = queue_limits(&queue, &batch, Some(300), Some(1000));
        assert_eq!((limits.max_batch_rows, limits.max_batch_bytes), (100, 1000));
        let limits = queue_limits(&queue, &batch, Some(30), None);
        assert_eq!((limits.max_batch_rows, limits.max_batch_bytes), (30, batch.max_export_batch_bytes));
        assert_eq!(queue_limits(&queue, &batch, Some(0), Some(0)).max_batch_rows, 1);
    }
}
