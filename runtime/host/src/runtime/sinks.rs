//! Where log and terminal go when the embedder says nothing: the log nowhere, the terminal to standard output. And what a
//! log never carries, wherever it goes: secrets of the configuration.

use std::{io::Write, sync::Arc};

use crate::{
    config::Secrets,
    sandbox::TerminalSink,
    telemetry::{Log, LogRecord, LogSink},
};

/// `log` without the secrets: a guest is handed some in its settings, and may say them again.
pub(super) fn redacting(log: Log, secrets: &Secrets) -> Log {
    if secrets.is_empty() { log } else { Log::new(Arc::new(Redacting { log, secrets: secrets.clone() })) }
}

struct Redacting {
    log: Log,
    secrets: Secrets,
}

impl LogSink for Redacting {
    fn log(&self, record: &LogRecord<'_>) {
        let message = record.message.to_string();
        self.log.say(record.level, record.target, format_args!("{}", self.secrets.redact(&message)));
    }
}

/// Says nothing: a library does not write to somebody else's standard error.
pub(super) struct NoLog;

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
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Level, test_sink::Lines};

    #[test]
    fn a_log_carries_no_secret_of_the_configuration() {
        let (lines, mut secrets) = (Arc::new(Lines::default()), Secrets::default());
        secrets.add("canary-4cb1d0", "${env:KEY}");
        for secrets in [secrets, Secrets::default()] {
            let log = redacting(Log::new(lines.clone()), &secrets);
            log.say(Level::Info, "billing.guest", format_args!("the key is {}", "canary-4cb1d0"));
        }
        let expected = ["Info billing.guest: the key is ${env:KEY}", "Info billing.guest: the key is canary-4cb1d0"];
        assert_eq!(lines.in_full(), expected);
    }
}
