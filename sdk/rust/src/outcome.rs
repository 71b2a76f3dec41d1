//! What became of a batch.

use std::time::Duration;

/// What became of a batch. The host retries; the exporter only says what it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was delivered.
    Accepted,
    /// Rows that are not named were delivered and are never sent again.
    Partial(Partial),
    /// Nothing was delivered; the same batch may be accepted later.
    RetryAfter(Retry),
    /// Nothing was delivered and never will be.
    Rejected(String),
}

/// What a backend took and what it did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    /// How many rows the backend refused for good. Rows in `rejected_rows` are counted here too.
    pub rejected: u32,
    /// Which rows were refused, where the backend names them.
    pub rejected_rows: Vec<u32>,
    /// Which rows to send again.
    pub retry_rows: Vec<u32>,
    /// How long to wait before that. Absent: the host's own back-off.
    pub delay: Option<Duration>,
    /// What the backend said.
    pub reason: String,
}

/// When to try again, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// What the backend asked for. Absent: the host's own back-off.
    pub delay: Option<Duration>,
    /// What the backend said.
    pub reason: String,
}

impl Outcome {
    /// The same batch may be accepted later; the host decides when.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::RetryAfter(Retry { delay: None, reason: reason.into() })
    }

    /// The same batch may be accepted after `delay`. Absent: the host's own back-off.
    pub fn retry_after(delay: Option<Duration>, reason: impl Into<String>) -> Self {
        Self::RetryAfter(Retry { delay, reason: reason.into() })
    }

    /// The batch will never be accepted.
    pub fn rejected(reason: impl Into<String>) -> Self {
        Self::Rejected(reason.into())
    }

    /// All but `rejected` rows were delivered.
    pub fn partial(rejected: u32, reason: impl Into<String>) -> Self {
        Self::Partial(Partial { rejected, reason: reason.into(), ..Partial::default() })
    }
}

#[cfg(target_family = "wasm")]
mod crossing {
    use super::{Outcome, Partial, Retry};
    use crate::bindings::spangate::exporter::batch;

    fn millis(delay: Option<std::time::Duration>) -> Option<u32> {
        delay.map(|delay| u32::try_from(delay.as_millis()).unwrap_or(u32::MAX))
    }

    impl From<Outcome> for batch::Outcome {
        fn from(outcome: Outcome) -> Self {
            match outcome {
                Outcome::Accepted => Self::Accepted,
                Outcome::Partial(Partial { rejected, rejected_rows, retry_rows, delay, reason }) => {
                    Self::Partial(batch::Partial {
                        rejected,
                        rejected_rows,
                        retry_rows,
                        delay_ms: millis(delay),
                        reason,
                    })
                }
                Outcome::RetryAfter(Retry { delay, reason }) => {
                    Self::RetryAfter(batch::Retry { delay_ms: millis(delay), reason })
                }
                Outcome::Rejected(reason) => Self::Rejected(reason),
            }
        }
    }
}
