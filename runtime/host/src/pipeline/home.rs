//! The process a pipeline was started in. After a `fork` the child has a copy of its memory and none of its threads:
//! locks that were held stay held for ever, and what waits there is delivered by the parent.
//!
//! Constraints: no number is asked of the system where spans are recorded, because that would cost a third of a span;
//! it is asked where a thread would have to wait, or wakes another.

use std::process;

/// Where a pipeline lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home {
    process: u32,
}

impl Home {
    /// This process.
    pub(crate) fn here() -> Self {
        Self { process: process::id() }
    }

    /// Whether this is a child of the process where it lives.
    pub(crate) fn is_elsewhere(self) -> bool {
        process::id() != self.process
    }

    /// What a person should know.
    pub(crate) fn obstacle(self) -> String {
        format!(
            "this process was forked from process {}, where the threads of the runtime are: nothing that is recorded \
             here is delivered; start a runtime after the fork",
            self.process
        )
    }
}
