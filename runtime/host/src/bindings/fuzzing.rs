//! What a fuzz target reaches of what guests answer.

use spangate_core::exporter::ExportOutcome;

use super::{bound_outcome, corrections, v0_1::imports::batch};

/// A guest's outcome, as it was lifted.
#[derive(Clone, Debug)]
pub struct Said {
    /// Accepted, partial, retry-after, rejected.
    pub kind: u8,
    /// Of a partial.
    pub rejected: u32,
    /// Of a partial.
    pub rejected_rows: Vec<u32>,
    /// Of a partial.
    pub retry_rows: Vec<u32>,
    /// Of a partial and of retry-after.
    pub delay_ms: Option<u32>,
    /// Of all but accepted.
    pub reason: String,
}

/// What is believed of it for a batch of `rows` rows, and in words what was put right.
pub fn believe(said: Said, rows: u32) -> (ExportOutcome, Vec<String>) {
    let Said { kind, rejected, rejected_rows, retry_rows, delay_ms, reason } = said;
    let outcome = match kind % 4 {
        0 => batch::Outcome::Accepted,
        1 => batch::Outcome::Partial(batch::Partial { rejected, rejected_rows, retry_rows, delay_ms, reason }),
        2 => batch::Outcome::RetryAfter(batch::Retry { delay_ms, reason }),
        _ => batch::Outcome::Rejected(reason),
    };
    let told = corrections(&outcome, rows).collect();
    (bound_outcome(outcome, rows), told)
}

/// One line of what a guest wrote.
pub fn escape_line(text: &str, max_bytes: usize) -> String {
    crate::text::escape_line(text, max_bytes)
}
