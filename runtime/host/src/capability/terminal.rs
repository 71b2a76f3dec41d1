//! `terminal`: the host's standard output, for exporters that people read. Only with `grants.terminal = true`.
//!
//! A guest can colour its text and nothing else: every other escape sequence and control character is shown, not sent.

mod escape;
mod sink;
mod writer;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use wasmtime::component::Linker;

pub use self::sink::TerminalSink;
pub(crate) use self::writer::TerminalWriter;
use self::writer::{Account, Look};
use super::{CALL, Paced, charge};
use crate::{
    bindings::v0_1::imports::terminal,
    bucket::{Bucket, Rate},
    telemetry::SparingLog,
};

/// Permission to write so much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TerminalGrant {
    /// Averaged.
    pub(crate) bytes_per_second: f64,
    /// Bytes that may come at once.
    pub(crate) burst_bytes: f64,
}

impl Default for TerminalGrant {
    /// Far more than a person reads; a disk that standard output goes to fills in hours, not in minutes.
    fn default() -> Self {
        Self { bytes_per_second: f64::from(4 << 20), burst_bytes: f64::from(16 << 20) }
    }
}

/// How often, at most, dropped text is told.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// The terminal of an exporter that may write to it.
pub(crate) struct TerminalCtx {
    writer: Arc<TerminalWriter>,
    account: Arc<Account>,
    budget: Mutex<Bucket>,
    log: Arc<SparingLog>,
    told: Mutex<Told>,
}

/// What the log says of dropped text.
#[derive(Default)]
struct Told {
    at: Option<Instant>,
    dropped: u64,
}

impl fmt::Debug for TerminalCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalCtx").field("log", &self.log).finish_non_exhaustive()
    }
}

impl TerminalCtx {
    /// Writes through `writer`; what is dropped is told to `log`.
    ///
    /// # Errors
    /// If the system gives no thread to write on.
    pub(crate) fn new(
        grant: TerminalGrant,
        writer: Arc<TerminalWriter>,
        log: Arc<SparingLog>,
    ) -> std::io::Result<Self> {
        writer.start()?;
        let rate = Rate { per_second: grant.bytes_per_second, burst: grant.burst_bytes };
        let budget = Mutex::new(Bucket::new(rate, Instant::now()));
        Ok(Self { writer, account: Arc::default(), budget, log, told: Mutex::default() })
    }

    /// Waits until the terminal has said what it is, for a moment at most.
    pub(crate) async fn ready(&self) {
        self.writer.looked().await;
    }

    /// Waits until everything is written, `limit` at most, and not for a terminal that takes nothing.
    pub(crate) async fn flush(&self, limit: Duration) {
        self.writer.flush(&self.account, limit).await;
    }

    /// The end: writes for as long as `limit` what waits, and gives up the rest.
    pub(crate) async fn close(&self, limit: Duration) {
        if self.writer.close(&self.account, limit).await > 0 {
            self.tell(None);
        }
    }

    /// Bytes of text that were not written.
    pub(crate) fn bytes_dropped(&self) -> u64 {
        self.account.dropped()
    }

    fn look(&self) -> Look {
        self.writer.look()
    }

    async fn write(&self, text: String) {
        let bytes = text.len();
        let may = self.budget.lock().unwrap_or_else(PoisonError::into_inner).take(bytes as f64, Instant::now());
        if !(may && self.writer.push(&self.account, text).await) {
            self.account.count_dropped(bytes);
            self.tell(Some(TELL_EVERY));
        }
    }

    /// Tells what was dropped since it was last told, unless that was within `pause`.
    fn tell(&self, pause: Option<Duration>) {
        let dropped = self.bytes_dropped();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.at.zip(pause).is_some_and(|(at, pause)| at.elapsed() < pause) {
            return;
        }
        let bytes = dropped.saturating_sub(told.dropped);
        let before = std::mem::replace(&mut *told, Told { at: Some(Instant::now()), dropped });
        drop(told);
        let message = format_args!("{bytes} bytes of text were dropped: it writes more than the terminal takes");
        if !self.log.offer(message) {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).dropped = before.dropped;
        }
    }
}

/// The terminal of one call; none if it is not granted, which only an inspection links.
#[derive(Debug)]
pub(crate) struct TerminalView<'a> {
    /// The exporter's terminal.
    pub(crate) ctx: Option<&'a TerminalCtx>,
}

impl terminal::Host for TerminalView<'_> {
    fn colors(&mut self) -> bool {
        self.ctx.is_some_and(|ctx| ctx.look().colors)
    }

    fn width(&mut self) -> Option<u32> {
        self.ctx.and_then(|ctx| ctx.look().width)
    }

    async fn write(&mut self, text: String) {
        if let Some(ctx) = self.ctx {
            ctx.write(text).await;
        }
    }
}

/// Answers `spangate:exporter/terminal`.
///
/// # Errors
/// If the linker has that interface already.
pub(crate) fn link<T: Paced>(linker: &mut Linker<T>, get_view: fn(&mut T) -> TerminalView<'_>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("spangate:exporter/terminal@0.1.0")?;
    instance.func_wrap_async("colors", move |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((terminal::Host::colors(&mut get_view(store.data_mut())),))
        })
    })?;
    instance.func_wrap_async("width", move |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((terminal::Host::width(&mut get_view(store.data_mut())),))
        })
    })?;
    instance.func_wrap_async("write", move |mut store, (text,): (String,)| {
        Box::new(async move {
            charge(&mut store, CALL + 20 * text.len() as u64).await?;
            terminal::Host::write(&mut get_view(store.data_mut()), text).await;
            Ok(())
        })
    })
}

#[cfg(test)]
mod tests {
    use terminal::Host;

    use super::*;
    use crate::telemetry::{Log, Sparingly, test_sink::Lines};

    #[derive(Default)]
    struct Page(Mutex<String>);

    impl TerminalSink for Page {
        fn colors(&self) -> bool {
            true
        }

        fn width(&self) -> Option<u32> {
            Some(80)
        }

        fn write(&self, text: &str) {
            self.0.lock().unwrap().push_str(text);
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    fn context(grant: TerminalGrant) -> (TerminalCtx, Arc<Page>, Arc<Lines>) {
        let (page, lines) = (Arc::new(Page::default()), Arc::new(Lines::default()));
        let writer = Arc::new(TerminalWriter::new(page.clone()));
        let log = SparingLog::new("console", Sparingly::ON_EXPORTER, Log::new(lines.clone()));
        (TerminalCtx::new(grant, writer, Arc::new(log)).unwrap(), page, lines)
    }

    #[tokio::test]
    async fn a_granted_exporter_writes_and_colours() {
        let (ctx, page, _) = context(TerminalGrant::default());
        ctx.ready().await;
        let mut view = TerminalView { ctx: Some(&ctx) };
        assert!(view.colors());
        assert_eq!(view.width(), Some(80));
        view.write("\x1b[1;31mred\x1b[0m\n\x1b[2Jplain".into()).await;
        ctx.flush(LONG).await;
        assert_eq!(*page.0.lock().unwrap(), "\x1b[1;31mred\x1b[0m\n\\u{1b}[2Jplain");
        assert_eq!(ctx.bytes_dropped(), 0);
    }

    #[tokio::test]
    async fn without_a_grant_nothing_is_written() {
        let mut view = TerminalView { ctx: None };
        view.write("x".into()).await;
        assert!(!view.colors());
        assert_eq!(view.width(), None);
    }

    #[tokio::test]
    async fn what_is_over_budget_is_dropped_counted_and_told_once() {
        let (ctx, page, lines) = context(TerminalGrant { bytes_per_second: 0.0, burst_bytes: 10.0 });
        let mut view = TerminalView { ctx: Some(&ctx) };
        for text in ["12345678", "abc", "def", "90"] {
            view.write(text.into()).await;
        }
        ctx.close(LONG).await;
        assert_eq!(*page.0.lock().unwrap(), "1234567890");
        assert_eq!(ctx.bytes_dropped(), 6);
        let told = "Warn console: 3 bytes of text were dropped: it writes more than the terminal takes";
        assert_eq!(lines.in_full(), [told]);
    }
}
