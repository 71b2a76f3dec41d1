//! `log`: the exporter's own lines. Limited in lines per second and bytes per line, escaped; what was suppressed is counted
//! exactly and told.
//!
//! The budget belongs to the exporter, not to an instance: crashing does not refill it. A guest's lines are told under
//! `NAME.guest`, the host's about the exporter under `NAME`: a guest cannot speak in the host's place.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use wasmtime::component::Linker;

use super::{
    CALL, Paced,
    bucket::{Bucket, Rate},
    charge,
};
use crate::{
    bindings::{escape_line, v0_1::imports::log},
    telemetry::{Level, Log},
};

/// How much an exporter may say. Granted to every exporter; the numbers are those of `[limits]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogGrant {
    /// Averaged.
    pub(crate) lines_per_second: f64,
    /// Lines that may come at once.
    pub(crate) burst: f64,
    /// Longer lines are cut.
    pub(crate) line_bytes: usize,
    /// How often, at most, it is told how many lines were suppressed.
    pub(crate) tell_every: Duration,
}

impl LogGrant {
    /// What the host says about one exporter: at most ten lines in any minute, those about suppressed lines included.
    pub(crate) const HOST: Self =
        Self { lines_per_second: 5.0 / 60.0, burst: 4.0, line_bytes: 2048, tell_every: Duration::from_secs(60) };

    /// `lines_per_second` averaged, five seconds' worth at once.
    pub(crate) fn per_second(lines_per_second: u32, line_bytes: usize) -> Self {
        let lines_per_second = f64::from(lines_per_second);
        Self { lines_per_second, burst: 5.0 * lines_per_second, line_bytes, tell_every: Duration::from_secs(1) }
    }

    /// Whether a line is ever told.
    fn is_silent(&self) -> bool {
        self.burst < 1.0
    }
}

/// What an exporter has said, or what the host says about it.
#[derive(Debug)]
pub(crate) struct LogCtx {
    exporter: String,
    /// In whose name lines are told.
    target: String,
    grant: LogGrant,
    sink: Log,
    budget: Mutex<Budget>,
}

#[derive(Debug)]
struct Budget {
    grant: LogGrant,
    lines: Bucket,
    suppressed: u64,
    /// When suppressed lines were told; none if they never were.
    told: Option<Instant>,
    suppressed_total: u64,
}

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Tell it.
    Tell,
    /// Tell it, after this many were suppressed.
    TellAfter(u64),
    /// Say only that this many were suppressed.
    TellSuppressed(u64),
    /// Nothing.
    Suppress,
}

impl Budget {
    fn new(grant: LogGrant, now: Instant) -> Self {
        let lines = Bucket::new(Rate { per_second: grant.lines_per_second, burst: grant.burst }, now);
        Self { grant, lines, suppressed: 0, told: None, suppressed_total: 0 }
    }

    fn judge(&mut self, now: Instant) -> Verdict {
        let may_tell = self.lines.take(1.0, now);
        if !may_tell {
            self.suppressed += 1;
            self.suppressed_total += 1;
        }
        let is_due = self.told.is_none_or(|told| now.saturating_duration_since(told) >= self.grant.tell_every);
        if !is_due || self.suppressed == 0 || self.grant.is_silent() {
            return if may_tell { Verdict::Tell } else { Verdict::Suppress };
        }
        self.told = Some(now);
        let suppressed = std::mem::take(&mut self.suppressed);
        if may_tell { Verdict::TellAfter(suppressed) } else { Verdict::TellSuppressed(suppressed) }
    }
}

impl LogCtx {
    /// What the host says about `exporter`, told to `sink`.
    pub(crate) fn new(exporter: &str, grant: LogGrant, sink: Log) -> Self {
        let budget = Mutex::new(Budget::new(grant, Instant::now()));
        Self { exporter: exporter.to_owned(), target: exporter.to_owned(), grant, sink, budget }
    }

    /// What the guest of `exporter` says, told to `sink` under a name that is never the host's.
    pub(crate) fn of_guest(exporter: &str, grant: LogGrant, sink: Log) -> Self {
        Self { target: format!("{exporter}.guest"), ..Self::new(exporter, grant, sink) }
    }

    /// Tells one line, if there is budget.
    pub(crate) fn tell(&self, level: Level, message: &str) {
        let verdict = self.lock().judge(Instant::now());
        let (suppressed, told) = match verdict {
            Verdict::Tell => (0, true),
            Verdict::TellAfter(lines) => (lines, true),
            Verdict::TellSuppressed(lines) => (lines, false),
            Verdict::Suppress => return,
        };
        if suppressed > 0 {
            self.sink.say(Level::Warn, &self.exporter, format_args!("{suppressed} log lines suppressed"));
        }
        if told {
            self.sink.say(level, &self.target, format_args!("{}", escape_line(message, self.grant.line_bytes)));
        }
    }

    /// Lines suppressed since the start.
    pub(crate) fn lines_suppressed(&self) -> u64 {
        self.lock().suppressed_total
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The log of one call.
#[derive(Debug)]
pub(crate) struct LogView<'a> {
    /// The exporter's log.
    pub(crate) ctx: &'a LogCtx,
}

impl log::Host for LogView<'_> {
    fn log(&mut self, level: log::Level, message: String) {
        let level = match level {
            log::Level::Trace | log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.ctx.tell(level, &message);
    }
}

/// Answers `spangate:exporter/log`.
///
/// # Errors
/// If the linker has that interface already.
pub(crate) fn link<T: Paced>(linker: &mut Linker<T>, get_view: fn(&mut T) -> LogView<'_>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("spangate:exporter/log@0.1.0")?;
    instance.func_wrap_async("log", move |mut store, (level, message): (log::Level, String)| {
        Box::new(async move {
            charge(&mut store, CALL + 2 * message.len() as u64).await?;
            log::Host::log(&mut get_view(store.data_mut()), level, message);
            Ok(())
        })
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use log::Host;

    use super::*;
    use crate::telemetry::{LogRecord, LogSink};

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl LogSink for Lines {
        fn log(&self, record: &LogRecord<'_>) {
            self.0.lock().unwrap().push(format!("{:?} {}: {}", record.level, record.target, record.message));
        }
    }

    fn context(lines_per_second: u32) -> (LogCtx, Arc<Lines>) {
        let lines = Arc::new(Lines::default());
        let grant = LogGrant::per_second(lines_per_second, 8);
        (LogCtx::of_guest("billing", grant, Log::new(lines.clone())), lines)
    }

    #[test]
    fn a_line_is_told_under_a_name_that_is_not_the_hosts_cut_and_escaped() {
        let (ctx, lines) = context(1);
        LogView { ctx: &ctx }.log(log::Level::Warn, "a\nb 0123456789".into());
        let host = LogCtx::new("billing", LogGrant::per_second(1, 100), ctx.sink.clone());
        host.tell(Level::Warn, "in quarantine for 60 s");
        let expected = ["Warn billing.guest: a\\nb 012…", "Warn billing: in quarantine for 60 s"];
        assert_eq!(*lines.0.lock().unwrap(), expected);
    }

    #[test]
    fn a_line_is_cut_one_byte_above_its_limit() {
        for (line, told) in [("1234567", "1234567"), ("12345678", "12345678"), ("123456789", "12345678…")] {
            let (ctx, lines) = context(1);
            LogView { ctx: &ctx }.log(log::Level::Info, line.into());
            assert_eq!(*lines.0.lock().unwrap(), [format!("Info billing.guest: {told}")]);
        }
    }

    #[test]
    fn lines_are_told_up_to_the_burst_and_then_as_they_are_earned() {
        let start = Instant::now();
        let mut budget = Budget::new(LogGrant::per_second(2, 8), start);
        for line in 1..=10 {
            assert_eq!(budget.judge(start), Verdict::Tell, "line {line} of a burst of 10");
        }
        assert_eq!(budget.judge(start), Verdict::TellSuppressed(1));
        assert_eq!(budget.judge(start + Duration::from_millis(499)), Verdict::Suppress);
        // Half a second brings a line; that one was suppressed is told a second after it was told last.
        assert_eq!(budget.judge(start + Duration::from_millis(500)), Verdict::Tell);
        assert_eq!(budget.judge(start + Duration::from_millis(999)), Verdict::Suppress);
        assert_eq!(budget.judge(start + Duration::from_millis(1_000)), Verdict::TellAfter(2));
        assert_eq!(budget.suppressed_total, 3);
    }

    #[test]
    fn a_flood_is_suppressed_counted_exactly_and_told_once_a_second() {
        let start = Instant::now();
        let mut budget = Budget::new(LogGrant::per_second(2, 8), start);
        let (mut told, mut reported, mut reports) = (0, 0, 0);
        for millisecond in 0..10_000 {
            match budget.judge(start + Duration::from_millis(millisecond)) {
                Verdict::Tell => told += 1,
                Verdict::TellAfter(lines) => (told, reported, reports) = (told + 1, reported + lines, reports + 1),
                Verdict::TellSuppressed(lines) => (reported, reports) = (reported + lines, reports + 1),
                Verdict::Suppress => {}
            }
        }
        assert_eq!((told, reports), (29, 10), "a burst of 10, and 2 a second for a little less than 10 s");
        assert_eq!(told + reported + budget.suppressed, 10_000);
        assert_eq!(budget.suppressed_total, 10_000 - told);
    }

    #[test]
    fn the_host_says_no_more_than_ten_lines_in_any_minute_however_much_there_is_to_say() {
        let start = Instant::now();
        let mut budget = Budget::new(LogGrant::HOST, start);
        let mut told_at = Vec::new();
        for tenth in 0..6_000 {
            let now = start + Duration::from_millis(100 * tenth);
            let lines = match budget.judge(now) {
                Verdict::TellAfter(_) => 2,
                Verdict::Tell | Verdict::TellSuppressed(_) => 1,
                Verdict::Suppress => 0,
            };
            told_at.extend(std::iter::repeat_n(tenth, lines));
        }
        let in_a_minute = |from: &u64| told_at.iter().filter(|at| (*from..from + 600).contains(*at)).count();
        let most = told_at.iter().map(in_a_minute).max();
        assert!((Some(5)..=Some(10)).contains(&most), "{most:?}");
    }

    #[test]
    fn an_exporter_that_may_say_nothing_says_nothing() {
        let (ctx, lines) = context(0);
        LogView { ctx: &ctx }.log(log::Level::Error, "help".into());
        assert!(lines.0.lock().unwrap().is_empty());
        assert_eq!(ctx.lines_suppressed(), 1);
    }

    #[test]
    fn what_was_suppressed_is_the_hosts_to_tell() {
        let (ctx, lines) = context(1);
        for _ in 0..7 {
            LogView { ctx: &ctx }.log(log::Level::Info, "x".into());
        }
        let mut told = lines.0.lock().unwrap().clone();
        assert_eq!(told.pop().as_deref(), Some("Warn billing: 1 log lines suppressed"));
        assert_eq!(told, ["Info billing.guest: x"; 5]);
        assert_eq!(ctx.lines_suppressed(), 2);
    }
}
