//! A log that is spoken into sparingly: so many lines in any minute, whoever speaks. What is withheld is counted, and told
//! with the next line or at the end.
//!
//! About an exporter there is one such log, which its sandbox, its connections and its lane share: an exporter in a crash
//! loop must not fill the operator's disk. What others say is quoted in these lines, so that each is made one line here.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use spangate_core::clock::Clock;

use super::{log::Log, log_record::Level};
use crate::{
    bucket::{Bucket, Rate},
    clock::SystemClock,
    text::escape_line,
};

/// Longer lines are cut.
const MAX_LINE_BYTES: usize = 2048;

/// How much may be said. In any minute that is `at_once` and `per_minute` lines at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sparingly {
    /// Lines that may come at once.
    at_once: u32,
    /// Lines that may come again, averaged.
    per_minute: u32,
    /// Lines of `at_once` that complaints leave for what changes.
    for_changes: u32,
}

impl Sparingly {
    /// About one exporter: ten lines in any minute at most.
    pub(crate) const ON_EXPORTER: Self = Self { at_once: 7, per_minute: 3, for_changes: 3 };
    /// About one kind of thing that strangers do: a line in ten seconds.
    #[cfg(any(feature = "receivers", test))]
    pub(crate) const ON_STRANGERS: Self = Self { at_once: 1, per_minute: 6, for_changes: 0 };
}

/// Says things in the name of one target, not too often.
pub(crate) struct SparingLog {
    log: Log,
    target: String,
    for_changes: f64,
    clock: Arc<dyn Clock>,
    /// When the clock showed nothing, for a bucket that counts in instants.
    origin: Instant,
    said: Mutex<Said>,
}

struct Said {
    lines: Bucket,
    /// Lines withheld since one was told.
    left_out: u64,
    left_out_in_all: u64,
}

impl SparingLog {
    /// Has said nothing yet.
    pub(crate) fn new(target: &str, sparingly: Sparingly, log: Log) -> Self {
        Self::with_clock(target, sparingly, log, Arc::new(SystemClock::new()))
    }

    /// As [`Self::new`], with another clock.
    pub(crate) fn with_clock(target: &str, sparingly: Sparingly, log: Log, clock: Arc<dyn Clock>) -> Self {
        let Sparingly { at_once, per_minute, for_changes } = sparingly;
        let rate = Rate { per_second: f64::from(per_minute) / 60.0, burst: f64::from(at_once) };
        let origin = Instant::now();
        let lines = Bucket::new(rate, origin + clock.monotonic());
        let said = Mutex::new(Said { lines, left_out: 0, left_out_in_all: 0 });
        Self { log, target: target.to_owned(), for_changes: for_changes.into(), clock, origin, said }
    }

    /// Tells what has changed. There is a line for it unless others told of changes took all of them.
    pub(crate) fn tell(&self, level: Level, message: fmt::Arguments<'_>) {
        if !self.say(level, 0.0, message) {
            self.leave_out(1);
        }
    }

    /// Warns of what may go wrong again and again.
    pub(crate) fn complain(&self, message: fmt::Arguments<'_>) {
        if !self.offer(message) {
            self.leave_out(1);
        }
    }

    /// As [`Self::complain`], but what is withheld is the caller's to tell later. Answers whether it was told.
    #[must_use]
    pub(crate) fn offer(&self, message: fmt::Arguments<'_>) -> bool {
        self.say(Level::Warn, self.for_changes, message)
    }

    /// Lines withheld since the start.
    pub(crate) fn left_out_in_all(&self) -> u64 {
        self.lock().left_out_in_all
    }

    /// Says it if it leaves so many lines for others.
    fn say(&self, level: Level, for_others: f64, message: fmt::Arguments<'_>) -> bool {
        let now = self.origin + self.clock.monotonic();
        let left_out = {
            let mut said = self.lock();
            if !(said.lines.has(1.0 + for_others, now) && said.lines.take(1.0, now)) {
                return false;
            }
            std::mem::take(&mut said.left_out)
        };
        let line = escape_line(&message.to_string(), MAX_LINE_BYTES);
        match left_out {
            0 => self.log.say(level, &self.target, format_args!("{line}")),
            _ => self.log.say(level, &self.target, format_args!("{line} ({left_out} more left out)")),
        }
        true
    }

    fn leave_out(&self, lines: u64) {
        let mut said = self.lock();
        said.left_out += lines;
        said.left_out_in_all += lines;
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SparingLog {
    /// Nothing is withheld in silence.
    fn drop(&mut self) {
        let left_out = self.lock().left_out;
        if left_out > 0 {
            self.log.say(Level::Warn, &self.target, format_args!("{left_out} more lines were left out"));
        }
    }
}

impl fmt::Debug for SparingLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparingLog").field("target", &self.target).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use spangate_core::clock::ManualClock;

    use super::*;
    use crate::telemetry::test_sink::Lines;

    const SECOND: Duration = Duration::from_secs(1);

    fn sparing(sparingly: Sparingly) -> (SparingLog, Arc<Lines>, Arc<ManualClock>) {
        let (lines, clock) = (Arc::new(Lines::default()), Arc::new(ManualClock::default()));
        (SparingLog::with_clock("billing", sparingly, Log::new(lines.clone()), clock.clone()), lines, clock)
    }

    #[test]
    fn of_strangers_one_line_is_told_in_ten_seconds_and_the_others_are_counted() {
        let (log, lines, clock) = sparing(Sparingly::ON_STRANGERS);
        for second in [0, 1, 9, 10, 11] {
            while clock.monotonic() < second * SECOND {
                clock.advance(SECOND);
            }
            log.complain(format_args!("at\n{second}"));
        }
        assert_eq!(lines.messages(), ["at\\n0", "at\\n10 (2 more left out)"]);
        assert_eq!(log.left_out_in_all(), 3);
        drop(log);
        assert_eq!(lines.messages().pop().as_deref(), Some("1 more lines were left out"));
    }

    #[test]
    fn seven_lines_come_at_once_and_one_in_twenty_seconds() {
        let (log, lines, clock) = sparing(Sparingly::ON_EXPORTER);
        let tell = |lines_told| {
            log.tell(Level::Info, format_args!("a change"));
            assert_eq!(lines.messages().len(), lines_told);
        };
        (1..=7).for_each(tell);
        tell(7);
        clock.advance(20 * SECOND - Duration::from_millis(1));
        tell(7);
        clock.advance(Duration::from_millis(1));
        tell(8);
        tell(8);
        assert_eq!(lines.messages()[7], "a change (2 more left out)");
    }

    #[test]
    fn complaints_leave_three_lines_for_what_changes() {
        let (log, lines, _) = sparing(Sparingly::ON_EXPORTER);
        (0..100).for_each(|_| log.complain(format_args!("wrong again")));
        assert_eq!(lines.messages().len(), 4);
        assert!(!log.offer(format_args!("wrong, and counted elsewhere")));
        (0..4).for_each(|_| log.tell(Level::Error, format_args!("changed")));
        assert_eq!(lines.messages()[4..], ["changed (96 more left out)", "changed", "changed"]);
        assert_eq!(log.left_out_in_all(), 97);
    }

    #[test]
    fn what_is_quoted_stays_on_one_line_and_is_cut() {
        let (log, lines, _) = sparing(Sparingly::ON_EXPORTER);
        log.tell(Level::Warn, format_args!("a\nb\u{1b}[31m\u{202e}{}", "c".repeat(9000)));
        let line = lines.messages().remove(0);
        assert!(line.starts_with("a\\nb\\u{1b}[31m\\u{202e}ccc") && line.len() <= MAX_LINE_BYTES + 3, "{line}");
    }

    proptest! {
        #[test]
        fn no_minute_has_more_than_ten_lines_and_every_line_is_told_or_counted(
            steps in proptest::collection::vec((0..30_000_u64, any::<bool>()), 1..300),
        ) {
            let (log, lines, clock) = sparing(Sparingly::ON_EXPORTER);
            let mut told_at = Vec::new();
            for (milliseconds, is_change) in &steps {
                clock.advance(Duration::from_millis(milliseconds / 10));
                match is_change {
                    true => log.tell(Level::Info, format_args!("changed")),
                    false => log.complain(format_args!("wrong")),
                }
                told_at.resize(lines.messages().len(), clock.monotonic());
            }
            for from in &told_at {
                let in_a_minute = told_at.iter().filter(|at| (*from..=*from + 60 * SECOND).contains(*at)).count();
                prop_assert!(in_a_minute <= 10, "{in_a_minute} lines in a minute");
            }
            prop_assert_eq!(told_at.len() as u64 + log.left_out_in_all(), steps.len() as u64);
        }
    }
}
