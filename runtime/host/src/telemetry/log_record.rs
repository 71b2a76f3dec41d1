//! What is said, and who takes it.

use std::fmt;

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
    /// Takes one record. A runtime calls it from a thread of its own, so that it may block: what is said meanwhile waits,
    /// up to 1024 records; of the others a line tells how many are lost. A shutdown waits a second for what waits.
    /// Should not panic: the record is lost then, and nothing else.
    fn log(&self, record: &LogRecord<'_>);
}
