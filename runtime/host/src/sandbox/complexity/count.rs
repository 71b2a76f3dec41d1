//! Counts that have an end.

use crate::sandbox::error::LoadError;

/// Something that is counted, and its cap.
#[derive(Debug)]
pub(super) struct Count {
    what: &'static str,
    max: u64,
    found: u64,
}

impl Count {
    pub(super) const fn new(what: &'static str, max: u64) -> Self {
        Self { what, max, found: 0 }
    }

    pub(super) fn add(&mut self, more: u64) -> Result<(), LoadError> {
        self.found = self.found.saturating_add(more);
        within(self.what, self.found, self.max)
    }

    pub(super) fn subtract(&mut self, less: u64) {
        self.found = self.found.saturating_sub(less);
    }
}

/// # Errors
/// [`LoadError::TooComplex`] if there is more than allowed.
pub(super) fn within(what: &'static str, found: u64, max: u64) -> Result<(), LoadError> {
    if found > max { Err(LoadError::TooComplex { what, found, max }) } else { Ok(()) }
}
