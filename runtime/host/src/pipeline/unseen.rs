//! What an exporter was not shown, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use spangate_core::narrow::Changes;

/// Attributes that an exporter was not shown as they are.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    not_granted: AtomicU64,
    deleted: AtomicU64,
    hashed: AtomicU64,
}

impl Unseen {
    pub(super) fn add(&self, changes: Changes) {
        self.not_granted.fetch_add(changes.not_granted, Ordering::Relaxed);
        self.deleted.fetch_add(changes.deleted, Ordering::Relaxed);
        self.hashed.fetch_add(changes.hashed, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Changes {
        Changes {
            not_granted: self.not_granted.load(Ordering::Relaxed),
            deleted: self.deleted.load(Ordering::Relaxed),
            hashed: self.hashed.load(Ordering::Relaxed),
        }
    }
}
