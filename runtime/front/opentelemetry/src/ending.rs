//! Flushing and shutting down, in the SDK's words.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use spangate_core::flush::{Flush, FlushError};

/// How long a flush may take that says nothing about it: as long as with the SDK's own batch processor.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// What waits for deliveries, and whether it is over.
pub(crate) struct Ending {
    flush: Box<dyn Flush>,
    pub(crate) flush_timeout: Duration,
    is_shut_down: AtomicBool,
}

impl Ending {
    pub(crate) fn new(flush: impl Flush + 'static) -> Self {
        Self { flush: Box::new(flush), flush_timeout: FLUSH_TIMEOUT, is_shut_down: AtomicBool::new(false) }
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.is_shut_down.load(Ordering::SeqCst)
    }

    pub(crate) fn force_flush(&self) -> OTelSdkResult {
        if self.is_shut_down() {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.wait(self.flush_timeout)
    }

    /// The first call delivers what is there; the runtime goes on, because others may record with it.
    pub(crate) fn shut_down(&self, timeout: Duration) -> OTelSdkResult {
        if self.is_shut_down.swap(true, Ordering::SeqCst) {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.wait(timeout)
    }

    fn wait(&self, timeout: Duration) -> OTelSdkResult {
        self.flush.flush(timeout).map_err(|error| match error {
            FlushError::TimedOut => OTelSdkError::Timeout(timeout),
            FlushError::Stopped => OTelSdkError::AlreadyShutdown,
            FlushError::Undelivered(_) => OTelSdkError::InternalFailure(error.to_string()),
        })
    }
}

impl std::fmt::Debug for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ending").field("is_shut_down", &self.is_shut_down).finish_non_exhaustive()
    }
}
