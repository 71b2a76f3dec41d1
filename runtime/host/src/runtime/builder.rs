//! Says what a runtime is made of.

use std::{fmt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use spangate_core::{clock::Clock, exporter::Exporter, limits::SpanLimits};

use super::{
    components::Builtins,
    error::StartError,
    handle::Runtime,
    native::NativeExporter,
    sinks::{NoLog, Stdout},
    start,
    written::Written,
};
use crate::{
    clock::SystemClock,
    config::Config,
    pipeline::Subscription,
    sandbox::TerminalSink,
    telemetry::{Log, LogSink},
};

/// Puts a [`Runtime`] together.
pub struct RuntimeBuilder {
    pub(super) written: Written,
    pub(super) builtins: Builtins,
    pub(super) natives: Vec<(String, NativeExporter)>,
    pub(super) span_limits: SpanLimits,
    pub(super) log: Log,
    pub(super) terminal: Arc<dyn TerminalSink>,
    pub(super) clock: Arc<dyn Clock>,
}

impl RuntimeBuilder {
    pub(super) fn new() -> Self {
        Self {
            written: Written::default(),
            builtins: Builtins::default(),
            natives: Vec::new(),
            span_limits: SpanLimits::default(),
            log: Log::new(Arc::new(NoLog)),
            terminal: Arc::new(Stdout),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// What TOML would say: resource, sampler, receivers, sandboxed exporters. Default: nothing but defaults.
    /// The last one of this, [`Self::toml`] and [`Self::toml_file`] holds.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.written = Written::Value(Box::new(config));
        self
    }

    /// The configuration as TOML. It is read by [`Self::start`], see [`Runtime::from_toml`].
    #[must_use]
    pub fn toml(mut self, text: impl Into<String>) -> Self {
        self.written = Written::Text(text.into());
        self
    }

    /// The configuration as a file of TOML. It is read by [`Self::start`], see [`Runtime::from_toml_file`].
    #[must_use]
    pub fn toml_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.written = Written::File(path.into());
        self
    }

    /// A component for `component = "builtin:NAME"`.
    #[must_use]
    pub fn builtin(mut self, name: impl Into<String>, component: impl Into<Bytes>) -> Self {
        self.builtins.add(name.into(), component.into());
        self
    }

    /// Where to look for `component = "builtin:NAME"` that were not given one by one.
    #[must_use]
    pub fn builtins(mut self, find: impl Fn(&str) -> Option<&'static [u8]> + Send + Sync + 'static) -> Self {
        self.builtins.find_with(find);
        self
    }

    /// An exporter written in Rust, fed by the defaults of `[exporters.NAME]`.
    #[must_use]
    pub fn exporter(self, name: impl Into<String>, exporter: Arc<dyn Exporter>, subscription: Subscription) -> Self {
        self.native_exporter(name, NativeExporter::new(exporter, subscription))
    }

    /// An exporter written in Rust, and how it is fed.
    #[must_use]
    pub fn native_exporter(mut self, name: impl Into<String>, exporter: NativeExporter) -> Self {
        self.natives.push((name.into(), exporter));
        self
    }

    /// How much a span recorded in this process may carry. Default: [`SpanLimits::default`].
    #[must_use]
    pub fn span_limits(mut self, limits: SpanLimits) -> Self {
        self.span_limits = limits;
        self
    }

    /// Where spangate says what it does. Default: nowhere.
    #[must_use]
    pub fn log(mut self, sink: Arc<dyn LogSink>) -> Self {
        self.log = Log::new(sink);
        self
    }

    /// Where exporters with `grants.terminal` write. Default: standard output, without colours.
    #[must_use]
    pub fn terminal(mut self, sink: Arc<dyn TerminalSink>) -> Self {
        self.terminal = sink;
        self
    }

    /// Where the time of spans comes from. Waits are measured by the machine's own clock whatever this one says.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Loads every exporter, starts delivering, and then listens. Waits for it: a first start compiles components.
    ///
    /// # Errors
    /// [`StartError`] with everything that is wrong, of all exporters and receivers. Then nothing is running.
    pub fn start(self) -> Result<Runtime, StartError> {
        start::start(self)
    }
}

impl fmt::Debug for RuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeBuilder").field("natives", &self.natives).finish_non_exhaustive()
    }
}
