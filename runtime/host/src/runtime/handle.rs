//! The runtime in an embedder's hands.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use spangate_core::{attribute::Key, consumer::Consumer, scope::InstrumentationScope, tracer::Tracer};

use super::{
    builder::RuntimeBuilder,
    closing::{Closing, FINISH_LOG},
    flusher::Flusher,
    guard::ShutdownGuard,
    io::IoThreads,
    snapshot,
};
use crate::{
    pipeline::{Home, Report},
    status::Status,
    telemetry::{Level, Log, render_metrics},
};

/// What flushing and letting go of exporters may take beyond a deadline.
const GRACE: Duration = Duration::from_secs(5);

/// Takes in, delivers, and accounts for every row. Has threads of its own; works from a synchronous `main` and inside
/// any async runtime.
///
/// # Ending
/// [`Runtime::shutdown`] delivers what was taken in and tells what became of it; [`Runtime::shutdown_on_drop`] has that
/// done when a scope ends, by a panic too. Dropping the runtime itself stops at once: what was not delivered is lost,
/// and a line in the log says how much. A runtime in a `static` is never dropped: shut it down at the end of `main`.
/// Tracers may outlive it; what they record then is counted as dropped.
///
/// # After a `fork`
/// The child has a copy of the runtime and none of its threads. There nothing waits and nothing is sent, so that no
/// span of the parent goes out twice: tracers record into memory that nobody empties, bounded as ever;
/// [`Runtime::flush`] and [`Runtime::shutdown`] return at once with a report that says so, and dropping the runtime
/// does nothing. A child that wants to trace starts a runtime of its own, after the fork.
pub struct Runtime {
    pub(super) io: Arc<IoThreads>,
    closing: Arc<Closing>,
    tracer: Tracer,
    log: Log,
}

impl Runtime {
    /// Begins a runtime.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::new()
    }

    /// Begins a runtime that a text in TOML describes, with the keys of `spangate.toml`. It may stand without exporters
    /// if the program adds some.
    ///
    /// Of the environment, exactly those variables are read that the text names as `${env:NAME}`; paths start at the
    /// current folder; components come from the feature `builtin`, from [`RuntimeBuilder::builtin`], or from files.
    ///
    /// Nothing is read before [`RuntimeBuilder::start`], which tells every mistake with its line:
    ///
    /// ```
    /// # use spangate::Runtime;
    /// let error = Runtime::from_toml("[sampler]\nkind = \"allways_on\"\n").start().unwrap_err();
    /// assert!(error.to_string().contains("<text>:2:8"));
    /// assert!(error.to_string().contains("did you mean \"always_on\"?"));
    /// ```
    pub fn from_toml(text: impl Into<String>) -> RuntimeBuilder {
        Self::builder().toml(text)
    }

    /// Begins a runtime that a file in TOML describes. Paths in it start at its folder; otherwise as
    /// [`Self::from_toml`].
    pub fn from_toml_file(path: impl Into<PathBuf>) -> RuntimeBuilder {
        Self::builder().toml_file(path)
    }

    /// Begins a runtime that heeds the variables `OTEL_*` of this process, see [`RuntimeBuilder::read_env`]. They say
    /// what is recorded, and nothing about where it goes: add an exporter, or a configuration.
    ///
    /// ```
    /// # use spangate::{Runtime, StartError, Subscription, core::exporter::Exporter};
    /// # fn run(exporter: std::sync::Arc<dyn Exporter>) -> Result<(), StartError> {
    /// let runtime = Runtime::from_env().exporter("mine", exporter, Subscription::spans()).start()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_env() -> RuntimeBuilder {
        Self::builder().read_env()
    }

    pub(super) fn new(io: IoThreads, closing: Arc<Closing>, tracer: Tracer, log: Log) -> Self {
        Self { io: Arc::new(io), closing, tracer, log }
    }

    /// A tracer for the part of the program of this name. Make one per part and keep it. What it records after the
    /// runtime has stopped is counted as dropped.
    pub fn tracer(&self, scope_name: impl Into<Key>) -> Tracer {
        self.tracer.with_scope(InstrumentationScope::new(scope_name))
    }

    /// A tracer for a part of the program with a version and attributes.
    pub fn tracer_of(&self, scope: InstrumentationScope) -> Tracer {
        self.tracer.with_scope(scope)
    }

    /// Where requests are handed in that no receiver of this runtime took.
    pub fn consumer(&self) -> Arc<dyn Consumer> {
        self.closing.view.pipeline.clone()
    }

    /// Delivers what was taken in so far and waits for it, `deadline` at most. The report says whether that was all.
    /// Returns early when it is certain that nothing more can be delivered in time, as during a long back-off.
    ///
    /// May be called anywhere, in a panic hook too. It blocks the thread: in async code [`Self::flush_async`] does not.
    pub fn flush(&self, deadline: Duration) -> Report {
        if let Some(report) = self.final_report() {
            return report;
        }
        let pipeline = self.closing.view.pipeline.clone();
        let flushed = self.io.wait(deadline.saturating_add(GRACE), async move { pipeline.flush(deadline).await });
        self.report_or_state(flushed)
    }

    /// [`Self::flush`] for async code.
    pub async fn flush_async(&self, deadline: Duration) -> Report {
        if let Some(report) = self.final_report() {
            return report;
        }
        let pipeline = self.closing.view.pipeline.clone();
        let flushed = self.io.handle().spawn(async move { pipeline.flush(deadline).await });
        self.report_or_state(flushed.await.ok())
    }

    /// What a front end needs to honour a flush that its own library asks for. It does not keep the runtime alive.
    pub fn flusher(&self) -> Flusher {
        Flusher::new(&self.io, &self.closing)
    }

    /// Takes nothing more in, delivers for as long as `deadline`, lets exporters go, and stops the threads. What is left
    /// then is lost and counted as such. Returns early when it is certain that nothing more can be delivered in time.
    /// Who asks again, or meanwhile from another thread, gets the same report.
    ///
    /// It blocks the thread: in async code [`Self::shutdown_async`] does not.
    pub fn shutdown(&self, deadline: Duration) -> Report {
        if let Some(report) = self.final_report() {
            return report;
        }
        let closing = self.closing.clone();
        let closed = self.io.wait(deadline.saturating_add(GRACE), async move { closing.close(deadline).await });
        self.stop_if_closed();
        self.report_or_state(closed)
    }

    /// [`Self::shutdown`] for async code. It goes on when the future is dropped.
    pub async fn shutdown_async(&self, deadline: Duration) -> Report {
        if let Some(report) = self.final_report() {
            return report;
        }
        let closing = self.closing.clone();
        let closed = self.io.handle().spawn(async move { closing.close(deadline).await }).await;
        self.stop_if_closed();
        self.report_or_state(closed.ok())
    }

    /// Has the runtime shut down when the returned guard is dropped: at the end of `main`, or of a test, or while a
    /// panic unwinds. The guard stands for the runtime.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use spangate::{Runtime, Subscription, core::exporter::Exporter};
    /// # fn run(exporter: Arc<dyn Exporter>) -> Result<(), spangate::StartError> {
    /// let runtime = Runtime::builder()
    ///     .exporter("mine", exporter, Subscription::spans())
    ///     .start()?
    ///     .shutdown_on_drop(Duration::from_secs(5))
    ///     .on_report(|report| eprintln!("{report}"));
    /// runtime.tracer("shop").span("checkout").start();
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown_on_drop(self, deadline: Duration) -> ShutdownGuard {
        ShutdownGuard::new(self, deadline)
    }

    /// What the runtime looks like at this moment; after a shutdown, how it ended.
    pub fn status(&self) -> Status {
        match self.home().is_elsewhere() {
            true => snapshot::take_elsewhere(self.home().obstacle()),
            false => self.closing.view.status(),
        }
    }

    /// The same as OpenMetrics text.
    pub fn metrics(&self) -> String {
        render_metrics(self.status()).unwrap_or_default()
    }

    /// Where a receiver listens, by its name in the configuration: `otlp_http`, `otlp_grpc`. None if there is none.
    pub fn local_addr(&self, receiver: &str) -> Option<SocketAddr> {
        self.closing.view.ports.get()?.local_addr(receiver)
    }

    /// Where the admin endpoint listens. None if there is none.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.closing.ports.admin_addr()
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    fn home(&self) -> Home {
        self.closing.view.pipeline.home()
    }

    /// The report of a runtime that has ended, or never began in this process.
    fn final_report(&self) -> Option<Report> {
        if self.home().is_elsewhere() {
            self.closing.view.pipeline.intake().close();
            return Some(Report { obstacle: Some(self.home().obstacle()), ..Report::default() });
        }
        self.closing.report.get().cloned()
    }

    /// Whoever else waits for the same end is told by [`Closing::report`]. Where the end was not reached, others may
    /// still wait for it, with more patience.
    fn stop_if_closed(&self) {
        if self.closing.report.initialized() {
            self.io.stop();
        }
    }

    /// The threads may have been stopped by who shut down at the same time: then that report holds.
    fn report_or_state(&self, report: Option<Report>) -> Report {
        let view = &self.closing.view;
        let report = report.map(|report| view.clean(report)).or_else(|| self.closing.report.get().cloned());
        report.unwrap_or_else(|| view.clean(view.pipeline.report(false)))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Tracers may live on: what they record from here on is counted as dropped, not kept.
        self.closing.view.pipeline.intake().close();
        if self.home().is_elsewhere() {
            // Left as it is: to take it apart would wait for locks whose holders are not here, and would take the
            // parent's sockets out of the event queue that the two share.
            let _ = (Arc::into_raw(self.io.clone()), Arc::into_raw(self.closing.clone()));
            return;
        }
        if self.closing.report.initialized() {
            return;
        }
        let waiting = self.report_or_state(None).waiting_rows();
        if waiting > 0 {
            let message = format_args!("dropped without a shutdown: {waiting} rows are lost");
            self.log.say(Level::Warn, "runtime", message);
            self.log.wait(FINISH_LOG);
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("is_stopping", &self.closing.view.is_stopping()).finish_non_exhaustive()
    }
}
