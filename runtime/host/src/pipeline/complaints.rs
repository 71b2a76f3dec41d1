//! Log lines about one exporter, at most one in ten seconds, with the number of those that were left out. What native
//! exporters quote of their backends is made one line here; sandboxed ones have that done to them before.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    bindings::is_invisible,
    telemetry::{Level, Log},
};

const INTERVAL: Duration = Duration::from_secs(10);
const MAX_CHARS: usize = 1024;

/// Says what goes wrong, not too often.
pub(super) struct Complaints {
    log: Log,
    target: String,
    state: Mutex<Spoken>,
}

#[derive(Default)]
struct Spoken {
    last: Option<Duration>,
    left_out: u64,
}

impl Complaints {
    pub(super) fn new(log: Log, target: String) -> Self {
        Self { log, target, state: Mutex::new(Spoken::default()) }
    }

    /// Says it, cut to a kibibyte or so, unless something was said a moment ago. `now` is monotonic.
    pub(super) fn say(&self, now: Duration, message: fmt::Arguments<'_>) {
        let left_out = {
            let mut spoken = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if spoken.last.is_some_and(|last| now.saturating_sub(last) < INTERVAL) {
                spoken.left_out += 1;
                return;
            }
            spoken.last = Some(now);
            std::mem::take(&mut spoken.left_out)
        };
        let line = one_line(&message.to_string());
        match left_out {
            0 => self.log.say(Level::Warn, &self.target, format_args!("{line}")),
            _ => self.log.say(Level::Warn, &self.target, format_args!("{line} ({left_out} more left out)")),
        }
    }
}

/// Control characters and marks that reorder text escaped, and cut.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for letter in text.chars().take(MAX_CHARS) {
        match letter {
            control if control.is_control() || is_invisible(control) => line.extend(control.escape_default()),
            other => line.push(other),
        }
    }
    line
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

    #[test]
    fn one_line_is_said_in_ten_seconds_and_the_others_are_counted() {
        let lines = Arc::new(Lines::default());
        let complaints = Complaints::new(Log::new(lines.clone()), "x".to_owned());
        for second in [0, 1, 9, 10, 11] {
            complaints.say(Duration::from_secs(second), format_args!("at {second}"));
        }
        assert_eq!(*lines.0.lock().unwrap(), ["at 0", "at 10 (2 more left out)"]);
    }

    #[test]
    fn what_is_quoted_stays_on_one_line_and_is_cut() {
        let lines = Arc::new(Lines::default());
        let complaints = Complaints::new(Log::new(lines.clone()), "x".to_owned());
        complaints.say(Duration::ZERO, format_args!("a\nb\u{1b}[31m\u{202e}{}", "c".repeat(9000)));
        let line = lines.0.lock().unwrap().remove(0);
        assert!(line.starts_with("a\\nb\\u{1b}[31m\\u{202e}ccc") && line.len() < 1200, "{line}");
    }
}
