//! An exporter written in Rust, in the embedder's own process: fed like a sandboxed one, but neither metered nor
//! contained.

use std::{fmt, sync::Arc, time::Duration};

use spangate_core::exporter::Exporter;

use super::layers::NativeDefaults;
use crate::{config, pipeline::Subscription};

/// A native exporter and how it is fed. Its futures run on the I/O threads: they may wait, they must not block.
#[derive(Clone)]
pub struct NativeExporter {
    pub(super) exporter: Arc<dyn Exporter>,
    pub(super) subscription: Subscription,
    pub(super) required: bool,
    pub(super) concurrency: usize,
    /// None: what holds for all of them.
    pub(super) deadline: Option<Duration>,
    pub(super) tick_interval: Option<Duration>,
    pub(super) queue: Option<config::Queue>,
    pub(super) retry: config::Retry,
    pub(super) dead_letter: Option<config::DeadLetter>,
}

impl NativeExporter {
    /// Feeds `exporter` with what it subscribes to, by the defaults of `[exporters.NAME]`.
    pub fn new(exporter: Arc<dyn Exporter>, subscription: Subscription) -> Self {
        Self {
            exporter,
            subscription,
            required: false,
            concurrency: 1,
            deadline: None,
            tick_interval: None,
            queue: None,
            retry: config::Retry::default(),
            dead_letter: None,
        }
    }

    /// A full queue pushes back on receivers, and the runtime is not ready while the exporter is paused.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        if let Some(queue) = &mut self.queue {
            queue.when_full = config::WhenFull::Refuse;
        }
        self
    }

    /// Calls at once, 1 to 64. Default 1.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.clamp(1, 64);
        self
    }

    /// The longest one call may take. Default 10 s, or what `OTEL_BSP_EXPORT_TIMEOUT` says if it was read.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How often to call [`Exporter::tick`]. Default never; a hundred times a second at most.
    #[must_use]
    pub fn tick_interval(mut self, interval: Duration) -> Self {
        self.tick_interval = Some(interval);
        self
    }

    /// Its queue. Default: that of `[exporters.NAME.queue]`, or what `OTEL_BSP_MAX_QUEUE_SIZE` says if it was read.
    #[must_use]
    pub fn queue(mut self, queue: config::Queue) -> Self {
        self.queue = Some(queue);
        self
    }

    pub(super) fn queue_or(&self, defaults: &NativeDefaults) -> config::Queue {
        let unless_set = match self.required {
            true => config::Queue { when_full: config::WhenFull::Refuse, ..defaults.queue },
            false => defaults.queue,
        };
        self.queue.unwrap_or(unless_set)
    }

    /// Where rows go that make it fault while it delivers others. Default: nowhere, they are dropped.
    #[must_use]
    pub fn dead_letter(mut self, dead_letter: config::DeadLetter) -> Self {
        self.dead_letter = Some(dead_letter);
        self
    }

    /// Its back-off.
    #[must_use]
    pub fn retry(mut self, retry: config::Retry) -> Self {
        self.retry = retry;
        self
    }
}

impl fmt::Debug for NativeExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeExporter").field("subscription", &self.subscription).finish_non_exhaustive()
    }
}
