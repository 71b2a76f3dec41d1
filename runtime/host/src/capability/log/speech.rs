//! What a guest says in one call, by `log`, on standard output or on standard error: kept until the call ends. If it
//! returns, the lines are told. If it faults, the last of them are quoted with the fault, and none is told: a crash loop
//! would say the same again and again. What is neither told nor quoted is counted.
//!
//! Constraints: bounded memory whatever is said; what is over the exporter's budget is not kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::ctx::LogCtx;
use crate::{telemetry::Level, text::escape_line};

/// Lines kept of one call.
const KEPT_LINES: usize = 64;
/// Lines that are quoted with a fault.
const QUOTED_LINES: usize = 8;
/// Bytes of a line that is quoted.
const QUOTED_LINE_BYTES: usize = 512;

/// What one instance says.
#[derive(Debug)]
pub(crate) struct Speech {
    ctx: Arc<LogCtx>,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    /// In the running call.
    lines: u64,
    kept: Vec<(Level, String)>,
    last: VecDeque<Quote>,
}

#[derive(Debug)]
struct Quote {
    line: String,
    is_kept: bool,
}

/// The last lines of a call that faulted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LastWords {
    pub(crate) lines: Vec<String>,
    /// How many lines came before them.
    pub(crate) lines_before: u64,
}

impl Speech {
    /// Nothing is said yet. Lines are charged to the budget of `ctx`.
    pub(crate) fn new(ctx: Arc<LogCtx>) -> Self {
        Self { ctx, said: Mutex::default() }
    }

    /// Takes one line.
    pub(crate) fn say(&self, level: Level, line: &str) {
        let mut said = self.lock();
        said.lines += 1;
        let has_room = said.kept.len() < KEPT_LINES;
        let is_kept = self.ctx.admit(has_room, Instant::now());
        if is_kept {
            let line = escape_line(line, self.ctx.line_bytes());
            said.kept.push((level, line));
        }
        if said.last.len() == QUOTED_LINES {
            said.last.pop_front();
        }
        said.last.push_back(Quote { line: escape_line(line, QUOTED_LINE_BYTES), is_kept });
    }

    /// The call returned: what it said is told.
    pub(crate) fn tell(&self) {
        let said = std::mem::take(&mut *self.lock());
        for (level, line) in said.kept {
            self.ctx.tell(level, &line);
        }
        self.ctx.tell_suppressed(Instant::now());
    }

    /// The call did not return: its last lines, and nothing is told.
    pub(crate) fn quote(&self) -> LastWords {
        let said = std::mem::take(&mut *self.lock());
        let quoted = said.last.iter().filter(|quote| quote.is_kept).count();
        self.ctx.withhold(said.kept.len().saturating_sub(quoted));
        let lines_before = said.lines.saturating_sub(said.last.len() as u64);
        self.ctx.tell_suppressed(Instant::now());
        LastWords { lines: said.last.into_iter().map(|quote| quote.line).collect(), lines_before }
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Speech {
    /// A call that was given up on: nobody asks for its words.
    fn drop(&mut self) {
        self.ctx.withhold(self.lock().kept.len());
    }
}

#[cfg(test)]
pub(in crate::capability) mod tests {
    use super::*;
    use crate::{
        capability::log::LogGrant,
        telemetry::{Log, SparingLog, Sparingly, test_sink::Lines},
    };

    pub(in crate::capability) fn speech(lines_per_second: u32) -> (Speech, Arc<LogCtx>, Arc<Lines>) {
        let lines = Arc::new(Lines::default());
        let log = Log::new(lines.clone());
        let host = Arc::new(SparingLog::new("billing", Sparingly::ON_EXPORTER, log.clone()));
        let ctx = Arc::new(LogCtx::new("billing", LogGrant::per_second(lines_per_second, 1024), log, host));
        (Speech::new(ctx.clone()), ctx, lines)
    }

    fn say(speech: &Speech, lines: std::ops::RangeInclusive<usize>) {
        lines.for_each(|line| speech.say(Level::Info, &format!("line {line}")));
    }

    #[test]
    fn what_a_call_says_is_told_when_it_returns_and_not_before() {
        let (speech, ctx, lines) = speech(10);
        say(&speech, 1..=2);
        assert!(lines.messages().is_empty());
        speech.tell();
        assert_eq!(lines.in_full(), ["Info billing.guest: line 1", "Info billing.guest: line 2"]);
        assert_eq!((speech.quote(), ctx.lines_suppressed()), (LastWords::default(), 0));
    }

    #[test]
    fn of_a_call_that_faults_the_last_eight_lines_are_quoted_and_the_others_are_counted() {
        for (said, before) in [(7, 0), (8, 0), (9, 1), (50, 42)] {
            let (speech, ctx, lines) = speech(10);
            say(&speech, 1..=said);
            let words = speech.quote();
            assert_eq!((words.lines.len(), words.lines_before), (said.min(8), before));
            assert_eq!(words.lines.last(), Some(&format!("line {said}")));
            speech.tell();
            assert!(lines.messages().is_empty(), "{:?}", lines.messages());
            assert_eq!(ctx.lines_suppressed(), before);
        }
    }

    #[test]
    fn sixty_four_lines_of_a_call_are_kept_and_not_one_more() {
        for (said, told) in [(63, 63), (64, 64), (65, 64)] {
            let (speech, ctx, lines) = speech(100);
            say(&speech, 1..=said);
            speech.tell();
            let guests = lines.in_full().iter().filter(|line| line.starts_with("Info billing.guest: ")).count();
            assert_eq!((guests, ctx.lines_suppressed()), (told, (said - told) as u64));
        }
    }

    #[test]
    fn what_is_over_budget_is_quoted_and_neither_kept_nor_counted_twice() {
        let (speech, ctx, _) = speech(1);
        say(&speech, 1..=20);
        let words = speech.quote();
        assert_eq!((words.lines.first().map(String::as_str), words.lines_before), (Some("line 13"), 12));
        assert_eq!(ctx.lines_suppressed(), 20);
    }

    #[test]
    fn a_call_that_is_given_up_on_is_counted() {
        let (speech, ctx, lines) = speech(10);
        say(&speech, 1..=3);
        drop(speech);
        assert_eq!((ctx.lines_suppressed(), lines.messages().len()), (3, 0));
    }
}
