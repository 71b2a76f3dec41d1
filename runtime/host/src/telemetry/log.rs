//! Log records for a sink of the embedder's choice.

use std::{fmt, sync::Arc};

/// How much a person should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// One thing said.
#[derive(Debug)]
pub struct LogRecord<'a> {
    /// How much a person should care.
    pub level: Level,
    /// Who is speaking: `receiver.otlp_http`, or an exporter's name.
    pub target: &'a str,
    /// One line, escaped.
    pub message: fmt::Arguments<'a>,
}

/// Where log records go. The embedder's choice; the command line writes them to standard error.
pub trait LogSink: Send + Sync {
    /// Takes one record. Must not block.
    fn log(&self, record: &LogRecord<'_>);
}

/// A handle to the sink, cheap to clone.
#[derive(Clone)]
pub struct Log(Arc<dyn LogSink>);

impl Log {
    /// Speaks into `sink`.
    pub fn new(sink: Arc<dyn LogSink>) -> Self {
        Self(sink)
    }

    /// Says `message` in the name of `target`.
    pub fn say(&self, level: Level, target: &str, message: fmt::Arguments<'_>) {
        self.0.log(&LogRecord { level, target, message });
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}
