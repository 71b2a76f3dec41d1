//! `log`: the exporter's own lines, told under its name. Limited in lines per second and bytes per line, escaped, and
//! what was suppressed is counted exactly and told.
//!
//! The budget belongs to the exporter, not to an instance: crashing does not refill it.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use wasmtime::component::Linker;

use super::{CALL, Paced, charge};
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
}

impl LogGrant {
    /// `lines_per_second` averaged, five seconds' worth at once.
    pub(crate) fn per_second(lines_per_second: u32, line_bytes: usize) -> Self {
        let lines_per_second = f64::from(lines_per_second);
        Self { lines_per_second, burst: 5.0 * lines_per_second, line_bytes }
    }
}

/// How often, at most, suppressed lines are told.
const TELL_EVERY_SECONDS: f64 = 1.0;

/// What an exporter has said.
#[derive(Debug)]
pub(crate) struct LogCtx {
    exporter: String,
    grant: LogGrant,
    sink: Log,
    budget: Mutex<Budget>,
}

#[derive(Debug)]
struct Budget {
    tokens: f64,
    refilled: Instant,
    suppressed: u64,
    told: Instant,
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
        Self { tokens: grant.burst, refilled: now, suppressed: 0, told: now, suppressed_total: 0 }
    }

    fn judge(&mut self, grant: LogGrant, now: Instant) -> Verdict {
        let elapsed = now.saturating_duration_since(self.refilled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * grant.lines_per_second).min(grant.burst);
        self.refilled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return match std::mem::take(&mut self.suppressed) {
                0 => Verdict::Tell,
                lines => Verdict::TellAfter(lines),
            };
        }
        self.suppressed += 1;
        self.suppressed_total += 1;
        if now.saturating_duration_since(self.told).as_secs_f64() < TELL_EVERY_SECONDS {
            return Verdict::Suppress;
        }
        self.told = now;
        Verdict::TellSuppressed(std::mem::take(&mut self.suppressed))
    }
}

impl LogCtx {
    /// The log of `exporter`, told to `sink`.
    pub(crate) fn new(exporter: &str, grant: LogGrant, sink: Log) -> Self {
        let budget = Mutex::new(Budget::new(grant, Instant::now()));
        Self { exporter: exporter.to_owned(), grant, sink, budget }
    }

    /// Tells one line, if there is budget.
    pub(crate) fn tell(&self, level: Level, message: &str) {
        let verdict = self.lock().judge(self.grant, Instant::now());
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
            self.sink.say(level, &self.exporter, format_args!("{}", escape_line(message, self.grant.line_bytes)));
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
        (LogCtx::new("billing", grant, Log::new(lines.clone())), lines)
    }

    #[test]
    fn a_line_is_told_under_the_exporters_name_cut_and_escaped() {
        let (ctx, lines) = context(1);
        LogView { ctx: &ctx }.log(log::Level::Warn, "a\nb 0123456789".into());
        assert_eq!(*lines.0.lock().unwrap(), ["Warn billing: a\\nb 012…"]);
    }

    #[test]
    fn a_flood_is_suppressed_and_counted_exactly() {
        let grant = LogGrant::per_second(2, 8);
        let start = Instant::now();
        let mut budget = Budget::new(grant, start);
        let mut told = 0;
        let mut reported = 0;
        for millisecond in 0..10_000 {
            match budget.judge(grant, start + Duration::from_millis(millisecond)) {
                Verdict::Tell => told += 1,
                Verdict::TellAfter(lines) => {
                    told += 1;
                    reported += lines;
                }
                Verdict::TellSuppressed(lines) => reported += lines,
                Verdict::Suppress => {}
            }
        }
        assert!((29..=30).contains(&told), "burst of 10 and 2 a second for 10 s, not {told}");
        assert_eq!(told + reported + budget.suppressed, 10_000);
        assert_eq!(budget.suppressed_total, 10_000 - told);
    }

    #[test]
    fn an_exporter_that_may_say_nothing_says_nothing() {
        let (ctx, lines) = context(0);
        LogView { ctx: &ctx }.log(log::Level::Error, "help".into());
        assert!(lines.0.lock().unwrap().is_empty());
        assert_eq!(ctx.lines_suppressed(), 1);
    }
}
