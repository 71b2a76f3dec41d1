//! What is loaded at the moment, so that exporters of one component share its code: a thousand of them are no thousand
//! copies of a mebibyte.
//!
//! Code is shared and nothing else: every instance has its own store. What nobody uses any more is gone with its last user.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use wasmtime::component::Component;

use super::{component::Prepared, digest::Digest, links::Links};

/// Components that exporters of one sandbox use.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<HashMap<(Digest, Links), Weak<Prepared>>>);

impl Shelf {
    /// The component of this digest, linked like this, if an exporter uses it.
    pub(super) fn find(&self, digest: Digest, links: Links) -> Option<Arc<Prepared>> {
        self.lock().get(&(digest, links)).and_then(Weak::upgrade)
    }

    /// Its compiled code, however it is linked.
    pub(super) fn code(&self, digest: Digest) -> Option<Component> {
        let shelf = self.lock();
        let mut used = shelf.iter().filter(|((other, _), _)| *other == digest).filter_map(|(_, used)| used.upgrade());
        used.next().map(|prepared| prepared.pre.component().clone())
    }

    /// Has others find it, and forgets what nobody uses any more.
    pub(super) fn put(&self, digest: Digest, links: Links, prepared: &Arc<Prepared>) {
        let mut shelf = self.lock();
        shelf.retain(|_, used| used.strong_count() > 0);
        shelf.insert((digest, links), Arc::downgrade(prepared));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Digest, Links), Weak<Prepared>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
