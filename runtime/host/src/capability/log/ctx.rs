//! What the guest of one exporter may say, and what it said too much. Limited in lines per second and bytes per line; what
//! was suppressed is counted exactly and told.
//!
//! The budget belongs to the exporter, not to an instance: crashing does not refill it. A guest's lines are told under
//! `NAME.guest`, the host's about the exporter under `NAME`: a guest cannot speak in the host's place.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    bucket::{Bucket, Rate},
    telemetry::{Level, Log, SparingLog},
};

/// How often, at most, it is told how many lines were suppressed.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// How much an exporter may say. Granted to every exporter; the numbers are those of `[limits]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogGrant {
    /// Averaged. Five seconds' worth may come at once.
    lines_per_second: u32,
    /// Longer lines are cut.
    line_bytes: usize,
}

impl LogGrant {
    /// `lines_per_second` averaged, five seconds' worth at once.
    pub(crate) fn per_second(lines_per_second: u32, line_bytes: usize) -> Self {
        Self { lines_per_second, line_bytes }
    }
}

/// What the guest of one exporter has said.
#[derive(Debug)]
pub(crate) struct LogCtx {
    /// In whose name lines are told.
    target: String,
    grant: LogGrant,
    sink: Log,
    /// What the host says about the exporter.
    host: Arc<SparingLog>,
    budget: Mutex<Budget>,
}

#[derive(Debug)]
struct Budget {
    lines: Bucket,
    /// Lines over the budget since that was told.
    suppressed: u64,
    /// When it was told; none if it never was.
    told: Option<Instant>,
    suppressed_in_all: u64,
}

impl Budget {
    fn new(grant: LogGrant, now: Instant) -> Self {
        let per_second = f64::from(grant.lines_per_second);
        let lines = Bucket::new(Rate { per_second, burst: 5.0 * per_second }, now);
        Self { lines, suppressed: 0, told: None, suppressed_in_all: 0 }
    }

    /// Whether a line may be told. Without room for it, it is over the budget too.
    fn admit(&mut self, has_room: bool, now: Instant) -> bool {
        let may_tell = has_room && self.lines.take(1.0, now);
        if !may_tell {
            self.suppressed += 1;
            self.suppressed_in_all += 1;
        }
        may_tell
    }

    /// How many suppressed lines there are to tell now.
    fn due(&mut self, now: Instant) -> Option<u64> {
        let is_due = self.told.is_none_or(|told| now.saturating_duration_since(told) >= TELL_EVERY);
        (is_due && self.suppressed > 0).then(|| {
            self.told = Some(now);
            std::mem::take(&mut self.suppressed)
        })
    }
}

impl LogCtx {
    /// What the guest of `exporter` says, told to `sink` under a name that is never the host's. What was suppressed is told
    /// by `host`.
    pub(crate) fn new(exporter: &str, grant: LogGrant, sink: Log, host: Arc<SparingLog>) -> Self {
        let budget = Mutex::new(Budget::new(grant, Instant::now()));
        Self { target: format!("{exporter}.guest"), grant, sink, host, budget }
    }

    /// Charges a line to the budget. If there is none left, or no room for the line, it is counted.
    pub(super) fn admit(&self, has_room: bool, now: Instant) -> bool {
        self.lock().admit(has_room, now)
    }

    /// Bytes of a line.
    pub(super) fn line_bytes(&self) -> usize {
        self.grant.line_bytes
    }

    /// Tells a line that was admitted, and is harmless.
    pub(super) fn tell(&self, level: Level, line: &str) {
        self.sink.say(level, &self.target, format_args!("{line}"));
    }

    /// Tells how many lines were suppressed, unless that was done a moment ago.
    pub(super) fn tell_suppressed(&self, now: Instant) {
        if self.grant.lines_per_second == 0 {
            return;
        }
        let due = self.lock().due(now);
        if let Some(lines) = due
            && !self.host.offer(format_args!("{lines} log lines suppressed"))
        {
            self.lock().suppressed += lines;
        }
    }

    /// Counts lines that were admitted and are not told. Whoever withholds them says so.
    pub(super) fn withhold(&self, lines: usize) {
        self.lock().suppressed_in_all += lines as u64;
    }

    /// Lines suppressed since the start.
    pub(crate) fn lines_suppressed(&self) -> u64 {
        self.lock().suppressed_in_all
    }

    fn lock(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LogCtx {
    /// What was not told yet, unless the exporter may say nothing.
    fn drop(&mut self) {
        let suppressed = self.lock().suppressed;
        if suppressed > 0 && self.grant.lines_per_second > 0 {
            self.host.complain(format_args!("{suppressed} log lines suppressed"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bindings::v0_1::imports::log::{self, Host},
        capability::log::{LogView, speech::Speech},
        telemetry::{Sparingly, test_sink::Lines},
    };

    fn context(lines_per_second: u32) -> (Arc<LogCtx>, Arc<Lines>) {
        let lines = Arc::new(Lines::default());
        let log = Log::new(lines.clone());
        let host = Arc::new(SparingLog::new("billing", Sparingly::ON_EXPORTER, log.clone()));
        let grant = LogGrant::per_second(lines_per_second, 8);
        (Arc::new(LogCtx::new("billing", grant, log, host)), lines)
    }

    /// One call that logs `message` so often.
    fn call(ctx: &Arc<LogCtx>, level: log::Level, message: &str, times: usize) {
        let speech = Speech::new(ctx.clone());
        (0..times).for_each(|_| LogView { speech: &speech }.log(level, message.into()));
        speech.tell();
    }

    #[test]
    fn a_line_is_told_under_a_name_that_is_not_the_hosts_cut_and_escaped() {
        let (ctx, lines) = context(1);
        call(&ctx, log::Level::Warn, "a\nb 0123456789", 1);
        ctx.host.tell(Level::Warn, format_args!("in quarantine for 60 s"));
        assert_eq!(lines.in_full(), ["Warn billing.guest: a\\nb 012…", "Warn billing: in quarantine for 60 s"]);
    }

    #[test]
    fn a_line_is_cut_one_byte_above_its_limit() {
        for (line, told) in [("1234567", "1234567"), ("12345678", "12345678"), ("123456789", "12345678…")] {
            let (ctx, lines) = context(1);
            call(&ctx, log::Level::Info, line, 1);
            assert_eq!(lines.in_full(), [format!("Info billing.guest: {told}")]);
        }
    }

    #[test]
    fn lines_are_told_up_to_the_burst_and_then_as_they_are_earned() {
        let start = Instant::now();
        let mut budget = Budget::new(LogGrant::per_second(2, 8), start);
        for line in 1..=10 {
            assert!(budget.admit(true, start), "line {line} of a burst of 10");
        }
        assert!(!budget.admit(true, start));
        assert!(!budget.admit(true, start + Duration::from_millis(499)));
        assert!(budget.admit(true, start + Duration::from_millis(500)));
        assert!(!budget.admit(true, start + Duration::from_millis(999)));
        assert!(!budget.admit(false, start + Duration::from_millis(1_000)), "there is budget, and no room");
        assert!(budget.admit(true, start + Duration::from_millis(1_000)));
        assert_eq!(budget.suppressed_in_all, 4);
    }

    #[test]
    fn a_flood_is_suppressed_counted_exactly_and_told_once_a_minute() {
        let start = Instant::now();
        let mut budget = Budget::new(LogGrant::per_second(2, 8), start);
        let (mut told, mut reported, mut reports) = (0, 0, 0);
        for centisecond in 0..12_000 {
            let now = start + Duration::from_millis(10 * centisecond);
            told += u64::from(budget.admit(true, now));
            let due = budget.due(now);
            (reported, reports) = (reported + due.unwrap_or_default(), reports + u64::from(due.is_some()));
        }
        assert_eq!((told, reports), (249, 2), "a burst of 10, and 2 a second for a little less than 120 s");
        assert_eq!(told + reported + budget.suppressed, 12_000);
        assert_eq!(budget.suppressed_in_all, 12_000 - told);
    }

    #[test]
    fn an_exporter_that_may_say_nothing_says_nothing() {
        let (ctx, lines) = context(0);
        call(&ctx, log::Level::Error, "help", 1);
        assert_eq!(ctx.lines_suppressed(), 1);
        drop(ctx);
        assert!(lines.messages().is_empty());
    }

    #[test]
    fn what_was_suppressed_is_the_hosts_to_tell_and_at_the_end_the_rest() {
        let (ctx, lines) = context(1);
        call(&ctx, log::Level::Info, "x", 6);
        call(&ctx, log::Level::Info, "x", 2);
        assert_eq!(ctx.lines_suppressed(), 3);
        drop(ctx);
        let mut told = lines.in_full();
        let last = told.split_off(5);
        assert_eq!(told, ["Info billing.guest: x"; 5]);
        assert_eq!(last, ["Warn billing: 1 log lines suppressed", "Warn billing: 2 log lines suppressed"]);
    }

    #[test]
    fn suppressed_lines_that_cannot_be_told_yet_are_told_later() {
        let (ctx, lines) = context(1);
        (0..4).for_each(|_| ctx.host.complain(format_args!("wrong")));
        call(&ctx, log::Level::Info, "x", 7);
        assert!(!lines.messages().iter().any(|line| line.contains("suppressed")));
        assert_eq!(ctx.lock().suppressed, 2);
    }
}
