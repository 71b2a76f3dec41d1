//! Where log and terminal go when the embedder says nothing: the log nowhere, the terminal to standard output. And what a
//! log never carries, wherever it goes: secrets of the configuration.

use std::{
    io::{self, Write},
    sync::Arc,
};

use crate::{
    config::Secrets,
    sandbox::TerminalSink,
    telemetry::{Log, LogRecord, LogSink},
};

/// A log without the secrets: a guest is handed some in its settings, and may say them again.
///
/// # Errors
/// If the operating system gives no thread for a sink of the embedder's.
pub(super) fn open_log(sink: Option<Arc<dyn LogSink>>, secrets: &Secrets) -> io::Result<Log> {
    match sink {
        None => Ok(Log::new(Arc::new(NoLog))),
        Some(sink) if secrets.is_empty() => Log::foreign(sink),
        Some(sink) => Log::foreign(Arc::new(Redacting { sink, secrets: secrets.clone() })),
    }
}

struct Redacting {
    sink: Arc<dyn LogSink>,
    secrets: Secrets,
}

impl LogSink for Redacting {
    fn log(&self, record: &LogRecord<'_>) {
        let LogRecord { level, target, message } = record;
        let message = message.to_string();
        let message = format_args!("{}", self.secrets.redact(&message));
        self.sink.log(&LogRecord { level: *level, target, message });
    }
}

/// Says nothing: a library does not write to somebody else's standard error.
struct NoLog;

impl LogSink for NoLog {
    fn log(&self, _: &LogRecord<'_>) {}
}

/// Standard output without colours. An exporter gets there only if the configuration grants it the terminal.
pub(super) struct Stdout;

impl TerminalSink for Stdout {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, text: &str) {
        // A closed standard output concerns nobody but who closed it.
        let _ = io::stdout().lock().write_all(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::{Level, test_sink::Lines};

    #[test]
    fn a_log_carries_no_secret_of_the_configuration() {
        let (lines, mut secrets) = (Arc::new(Lines::default()), Secrets::default());
        secrets.add("canary-4cb1d0", "${env:KEY}");
        for secrets in [secrets, Secrets::default()] {
            let log = open_log(Some(lines.clone()), &secrets).unwrap();
            log.say(Level::Info, "billing.guest", format_args!("the key is {}", "canary-4cb1d0"));
            log.wait(Duration::from_secs(600));
        }
        let expected = ["Info billing.guest: the key is ${env:KEY}", "Info billing.guest: the key is canary-4cb1d0"];
        assert_eq!(lines.in_full(), expected);
    }
}
