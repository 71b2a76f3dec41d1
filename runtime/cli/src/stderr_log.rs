//! Log records on standard error: time, level, target, message.
//!
//! Constraints: who speaks never waits for the terminal. Records go through a bounded queue to one thread that writes
//! them; what does not fit is counted and told. Secrets of the configuration are taken out of every line, control
//! characters are escaped.

use std::{
    io::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::SystemTime,
};

use spangate::{
    config::Secrets,
    telemetry::{Level, LogRecord, LogSink},
};

use crate::{clock_time::rfc3339, paint::Paint};

/// Lines that may wait for the terminal.
const QUEUE: usize = 4096;
/// Longer messages are cut.
const MAX_MESSAGE: usize = 16 << 10;

/// A sink that writes to standard error.
#[derive(Debug)]
pub(crate) struct StderrLog {
    least: Level,
    paint: Paint,
    secrets: Secrets,
    lost: Arc<AtomicU64>,
    lines: Mutex<Option<SyncSender<String>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl StderrLog {
    /// Starts the writing thread. Records below `least` are not written.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn start(least: Level, paint: Paint, secrets: Secrets) -> std::io::Result<Arc<Self>> {
        let (sender, receiver) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let writer_lost = Arc::clone(&lost);
        let writer =
            std::thread::Builder::new().name("spangate-log".into()).spawn(move || write(receiver, &writer_lost))?;
        Ok(Arc::new(Self {
            least,
            paint,
            secrets,
            lost,
            lines: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
        }))
    }

    /// Writes what is waiting. What is said later is not written.
    pub(crate) fn finish(&self) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }

    fn line(&self, record: &LogRecord<'_>) -> String {
        let message = record.message.to_string();
        let message = escape(&self.secrets.redact(&message));
        let level = match record.level {
            Level::Debug => self.paint.dim("DEBUG"),
            Level::Info => self.paint.green("INFO "),
            Level::Warn => self.paint.yellow("WARN "),
            Level::Error => self.paint.red("ERROR"),
        };
        let time = self.paint.dim(&rfc3339(SystemTime::now()));
        let target = self.paint.bold(&escape(record.target));
        format!("{time} {level} {target}: {message}\n")
    }
}

impl LogSink for StderrLog {
    fn log(&self, record: &LogRecord<'_>) {
        if record.level < self.least {
            return;
        }
        let line = self.line(record);
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = lines.as_ref()
            && sender.try_send(line).is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write(lines: Receiver<String>, lost: &AtomicU64) {
    for line in lines {
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(line.as_bytes());
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            let _ = writeln!(stderr, "({missing} log lines were not written: standard error is too slow)");
        }
    }
}

/// Control characters as `\n` or `\u{1b}`; other text stays. Bounded.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().min(MAX_MESSAGE));
    for character in text.chars() {
        if escaped.len() >= MAX_MESSAGE {
            escaped.push('…');
            break;
        }
        match character {
            // reorders what stands around it: a line could pretend to be another
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.extend(character.escape_unicode()),
            character if character.is_control() => escaped.extend(character.escape_debug()),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(least: Level) -> Arc<StderrLog> {
        let mut secrets = Secrets::default();
        secrets.add("hunter2hunter2", "${env:KEY}");
        StderrLog::start(least, Paint::off(), secrets).expect("a thread")
    }

    #[test]
    fn a_line_has_its_control_characters_escaped_and_its_secrets_taken_out() {
        let sink = sink(Level::Info);
        let record = LogRecord {
            level: Level::Warn,
            target: "billing",
            message: format_args!("a\n\x1b[31mred \u{202e}key hunter2hunter2 ü"),
        };
        let line = sink.line(&record);
        assert!(line.ends_with("Z WARN  billing: a\\n\\u{1b}[31mred \\u{202e}key ${env:KEY} ü\n"), "{line}");
        sink.finish();
    }

    #[test]
    fn a_message_without_end_is_cut() {
        assert!(escape(&"x".repeat(1 << 20)).len() < MAX_MESSAGE + 4);
    }

    #[test]
    fn speaking_after_the_end_is_harmless() {
        let sink = sink(Level::Debug);
        sink.finish();
        sink.log(&LogRecord { level: Level::Error, target: "x", message: format_args!("late") });
        sink.finish();
    }
}
