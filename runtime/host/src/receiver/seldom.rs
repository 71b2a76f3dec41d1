//! Log lines about what strangers do, at most one in ten seconds of each kind: they must not fill the operator's disk.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::failure::one_line;
use crate::telemetry::{Level, Log};

const INTERVAL: Duration = Duration::from_secs(10);

/// Says one kind of thing, not too often.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<Spoken>);

#[derive(Debug, Default)]
struct Spoken {
    last: Option<Instant>,
    left_out: u64,
}

impl Seldom {
    /// Warns on one line, unless that was done a moment ago; the next line says how many were left out.
    pub(super) fn warn(&self, log: &Log, target: &str, message: fmt::Arguments<'_>) {
        let now = Instant::now();
        let left_out = {
            let mut spoken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if spoken.last.is_some_and(|last| now.saturating_duration_since(last) < INTERVAL) {
                spoken.left_out += 1;
                return;
            }
            spoken.last = Some(now);
            std::mem::take(&mut spoken.left_out)
        };
        let line = one_line(&message.to_string());
        match left_out {
            0 => log.say(Level::Warn, target, format_args!("{line}")),
            _ => log.say(Level::Warn, target, format_args!("{line} ({left_out} more left out)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::telemetry::{LogRecord, LogSink};

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl LogSink for Lines {
        fn log(&self, record: &LogRecord<'_>) {
            self.0.lock().unwrap().push(record.message.to_string());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_line_is_said_in_ten_seconds_and_the_others_are_counted() {
        let (lines, seldom) = (Arc::new(Lines::default()), Seldom::default());
        let log = Log::new(lines.clone());
        for second in 0..12 {
            seldom.warn(&log, "x", format_args!("at\n{second}"));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(*lines.0.lock().unwrap(), ["at 0", "at 10 (9 more left out)"]);
    }
}
