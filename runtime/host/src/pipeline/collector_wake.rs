//! How threads that record wake the collector.

use std::sync::Arc;

use spangate_core::intake::Wake;
use tokio::sync::Notify;

use super::home::Home;

/// Wakes the collector from a recording thread: a store and, if it sleeps, one unpark.
pub(super) struct CollectorWake {
    pub(super) collector: Arc<Notify>,
    pub(super) home: Home,
}

impl Wake for CollectorWake {
    fn wake(&self) {
        // The locks of a collector that lives elsewhere may be held for ever.
        if !self.is_gone() {
            self.collector.notify_one();
        }
    }

    fn is_gone(&self) -> bool {
        self.home.is_elsewhere()
    }
}
