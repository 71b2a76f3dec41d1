//! A sink for tests: keeps what was said.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::log_record::{Level, LogRecord, LogSink};

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: String,
    pub(crate) message: String,
}

/// Everything that was said, in order.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<Vec<Line>>);

impl Lines {
    /// What was said, without who said it.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.lock().iter().map(|line| line.message.clone()).collect()
    }

    /// As in `Warn billing: a message`.
    pub(crate) fn in_full(&self) -> Vec<String> {
        self.lock().iter().map(|Line { level, target, message }| format!("{level:?} {target}: {message}")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogSink for Lines {
    fn log(&self, record: &LogRecord<'_>) {
        let (target, message) = (record.target.to_owned(), record.message.to_string());
        self.lock().push(Line { level: record.level, target, message });
    }
}
