//! A way to the sink, for whoever has something to say.

use std::{fmt, io, sync::Arc, time::Duration};

use super::{
    log_record::{Level, LogRecord, LogSink},
    log_writer::LogWriter,
};

/// A handle to the sink, cheap to clone.
#[derive(Clone)]
pub struct Log(Way);

/// How a record gets to the sink.
#[derive(Clone)]
enum Way {
    /// Who speaks calls it.
    Called(Arc<dyn LogSink>),
    /// A thread of its own calls it.
    Written(Arc<LogWriter>),
}

impl Log {
    /// Speaks into `sink`, which is called where something is said.
    pub fn new(sink: Arc<dyn LogSink>) -> Self {
        Self(Way::Called(sink))
    }

    /// Speaks into a sink of the embedder's, which may block or panic: whoever speaks may be a worker that nobody would
    /// start again. A thread calls it, until the last copy of this is gone.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn foreign(sink: Arc<dyn LogSink>) -> io::Result<Self> {
        Ok(Self(Way::Written(Arc::new(LogWriter::start(sink)?))))
    }

    /// Says `message` in the name of `target`.
    pub fn say(&self, level: Level, target: &str, message: fmt::Arguments<'_>) {
        match &self.0 {
            Way::Called(sink) => sink.log(&LogRecord { level, target, message }),
            Way::Written(writer) => writer.say(level, target, message),
        }
    }

    /// Waits until the sink has taken what was said so far, `limit` at most.
    pub(crate) fn wait(&self, limit: Duration) {
        if let Way::Written(writer) = &self.0 {
            writer.wait(limit);
        }
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
        let log = Log::foreign(sink.clone()).unwrap();
        for _ in 0..2 {
            log.say(Level::Info, "x", format_args!("a word"));
        }
        log.wait(Duration::from_secs(600));
        assert_eq!(sink.0.load(Ordering::Relaxed), 2);
    }
}
