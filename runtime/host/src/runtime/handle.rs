//! The runtime in an embedder's hands.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use spangate_core::{attribute::Key, consumer::Consumer, scope::InstrumentationScope, tracer::Tracer};

use super::{builder::RuntimeBuilder, closing::Closing, io::IoThreads};
use crate::{
    pipeline::Report,
    status::Status,
    telemetry::{Level, Log},
};

/// What flushing and letting go of exporters may take beyond a deadline.
const GRACE: Duration = Duration::from_secs(5);

/// Takes in, delivers, and accounts for every row. Has threads of its own; works from a synchronous `main` and inside
/// any async runtime.
///
/// Dropping it stops at once: what was not delivered is lost. [`Runtime::shutdown`] delivers it first.
pub struct Runtime {
    io: IoThreads,
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

    pub(super) fn new(io: IoThreads, closing: Arc<Closing>, tracer: Tracer, log: Log) -> Self {
        Self { io, closing, tracer, log }
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
    pub fn flush(&self, deadline: Duration) -> Report {
        if let Some(report) = self.closing.report.get() {
            return report.clone();
        }
        let pipeline = self.closing.view.pipeline.clone();
        let flushed = self.io.wait(deadline.saturating_add(GRACE), async move { pipeline.flush(deadline).await });
        flushed.unwrap_or_else(|| self.report_as_it_is())
    }

    /// [`Self::flush`] for async code.
    pub async fn flush_async(&self, deadline: Duration) -> Report {
        if let Some(report) = self.closing.report.get() {
            return report.clone();
        }
        let pipeline = self.closing.view.pipeline.clone();
        let flushed = self.io.handle().spawn(async move { pipeline.flush(deadline).await });
        flushed.await.unwrap_or_else(|_| self.report_as_it_is())
    }

    /// Takes nothing more in, delivers for as long as `deadline`, lets exporters go, and stops the threads. What is left
    /// then is lost and counted as such. Who asks again gets the same report.
    pub fn shutdown(&self, deadline: Duration) -> Report {
        if let Some(report) = self.closing.report.get() {
            return report.clone();
        }
        let closing = self.closing.clone();
        let closed = self.io.wait(deadline.saturating_add(GRACE), async move { closing.close(deadline).await });
        self.io.stop();
        closed.unwrap_or_else(|| self.report_as_it_is())
    }

    /// [`Self::shutdown`] for async code.
    pub async fn shutdown_async(&self, deadline: Duration) -> Report {
        if let Some(report) = self.closing.report.get() {
            return report.clone();
        }
        let closing = self.closing.clone();
        let closed = self.io.handle().spawn(async move { closing.close(deadline).await });
        let report = closed.await;
        self.io.stop();
        report.unwrap_or_else(|_| self.report_as_it_is())
    }

    /// What the runtime looks like at this moment; after a shutdown, how it ended.
    pub fn status(&self) -> Status {
        self.closing.view.status()
    }

    /// The same as OpenMetrics text.
    pub fn metrics(&self) -> String {
        self.closing.view.metrics()
    }

    /// Where a receiver listens, by its name in the configuration: `otlp_http`, `otlp_grpc`. None if there is none.
    pub fn local_addr(&self, receiver: &str) -> Option<SocketAddr> {
        self.closing.view.ports.get()?.local_addr(receiver)
    }

    /// Where the admin endpoint listens. None if there is none.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.closing.ports.admin_addr()
    }

    fn report_as_it_is(&self) -> Report {
        self.closing.view.pipeline.report(false)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.closing.report.initialized() {
            return;
        }
        // Tracers may live on: what they record from here on is counted as dropped, not kept.
        self.closing.view.pipeline.intake().close();
        let waiting = self.report_as_it_is().waiting_rows();
        if waiting > 0 {
            let message = format_args!("dropped without a shutdown: {waiting} rows are lost");
            self.log.say(Level::Warn, "runtime", message);
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("is_stopping", &self.closing.view.is_stopping()).finish_non_exhaustive()
    }
}
