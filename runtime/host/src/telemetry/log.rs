//! Log records for a sink of the embedder's choice.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

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
    /// Takes one record. Must not block, and should not panic.
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

    /// Speaks into a sink of the embedder's. If it panics, the record is lost and nothing else: whoever speaks may be a
    /// worker that nobody would start again.
    pub(crate) fn foreign(sink: Arc<dyn LogSink>) -> Self {
        Self(Arc::new(Foreign(sink)))
    }

    /// Says `message` in the name of `target`.
    pub fn say(&self, level: Level, target: &str, message: fmt::Arguments<'_>) {
        self.0.log(&LogRecord { level, target, message });
    }
}

/// A sink whose panics stay in it.
struct Foreign(Arc<dyn LogSink>);

impl LogSink for Foreign {
    fn log(&self, record: &LogRecord<'_>) {
        // Nothing of it is looked at again but by the sink itself.
        let _ = catch_unwind(AssertUnwindSafe(|| self.0.log(record)));
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Default)]
    struct Panicking(AtomicU32);

    impl LogSink for Panicking {
        fn log(&self, _: &LogRecord<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("as told");
        }
    }

    #[test]
    fn a_sink_that_panics_ends_nobody_who_speaks() {
        let sink = Arc::new(Panicking::default());
        let log = Log::foreign(sink.clone());
        for _ in 0..2 {
            log.say(Level::Info, "x", format_args!("a word"));
        }
        assert_eq!(sink.0.load(Ordering::Relaxed), 2);
    }
}
