//! How many processors the measurement may use.

use std::thread;

use spangate_tests::on_one_core;

/// Processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cores {
    /// As many as this process may use.
    All,
    /// One.
    One,
}

impl Cores {
    /// As a title.
    pub(super) fn title(self) -> String {
        match (self, thread::available_parallelism().map_or(0, usize::from)) {
            (Self::All, 1) | (Self::One, _) => "everything on one core".to_owned(),
            (Self::All, count) => format!("{count} cores"),
        }
    }

    /// Does `work` with these.
    ///
    /// # Errors
    /// If the system does not allow that, and those of `work`.
    pub(super) fn hold<T: Send>(self, work: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
        match self {
            Self::All => work(),
            Self::One => on_one_core(work)?,
        }
    }
}
