//! Says what a runtime is made of.

use std::{fmt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use spangate_core::{
    attribute::{Key, KeyValue, Value},
    clock::Clock,
    exporter::Exporter,
    limits::SpanLimits,
    resource::SERVICE_NAME,
};

use super::{
    components::Builtins, error::StartError, handle::Runtime, layers::InCode, native::NativeExporter, sinks::Stdout,
    start, written::Written,
};
use crate::{
    clock::CounterClock,
    config::{self, Config, Environment},
    pipeline::Subscription,
    sandbox::TerminalSink,
    telemetry::LogSink,
};

/// Puts a [`Runtime`] together.
///
/// Some things can be said in several places. What holds is, in this order:
///
/// 1. what the program says here in code: [`Self::service_name`], [`Self::resource_attribute`], [`Self::sampler`],
///    [`Self::batch`], [`Self::span_limits`], [`Self::disabled`], [`Self::native_exporter`];
/// 2. what the variables `OTEL_*` say, if the program has them read: [`Self::read_env`];
/// 3. what the configuration says: [`Self::toml`], [`Self::toml_file`] or [`Self::config`];
/// 4. the default.
///
/// The order of the calls does not matter. Resource attributes are put together key by key.
pub struct RuntimeBuilder {
    pub(super) written: Written,
    pub(super) environment: Environment,
    pub(super) code: InCode,
    pub(super) parts: Parts,
}

/// What only code can say.
pub(super) struct Parts {
    pub(super) builtins: Builtins,
    pub(super) natives: Vec<(String, NativeExporter)>,
    /// None: nothing is said.
    pub(super) log: Option<Arc<dyn LogSink>>,
    pub(super) terminal: Arc<dyn TerminalSink>,
    pub(super) clock: Arc<dyn Clock>,
}

impl RuntimeBuilder {
    pub(super) fn new() -> Self {
        Self {
            written: Written::default(),
            environment: Environment::default(),
            code: InCode::default(),
            parts: Parts {
                builtins: Builtins::default(),
                natives: Vec::new(),
                log: None,
                terminal: Arc::new(Stdout),
                clock: Arc::new(CounterClock::new()),
            },
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

    /// Reads the variables `OTEL_*` of this process that [`Environment`] lists, now and once. Without this call none is
    /// looked at. A wrong value is told by [`Self::start`], which then starts nothing; to start all the same, as
    /// OpenTelemetry's SDKs do:
    ///
    /// ```
    /// # use spangate::{Runtime, config::Environment};
    /// let mut environment = Environment::read();
    /// for problem in std::mem::take(&mut environment.problems) {
    ///     eprintln!("{problem}");
    /// }
    /// let builder = Runtime::builder().environment(environment);
    /// ```
    #[must_use]
    pub fn read_env(self) -> Self {
        self.environment(Environment::read())
    }

    /// What variables say that were read before, or that are none: [`Environment::read_from`].
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// The `service.name` of what is recorded in this process.
    #[must_use]
    pub fn service_name(self, name: impl Into<Key>) -> Self {
        self.resource_attribute(SERVICE_NAME, name.into())
    }

    /// An attribute of everything that is recorded in this process.
    #[must_use]
    pub fn resource_attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        self.code.resource.push(KeyValue::new(key, value));
        self
    }

    /// Which traces are recorded.
    #[must_use]
    pub fn sampler(mut self, sampler: config::Sampler) -> Self {
        self.code.sampler = Some(sampler);
        self
    }

    /// How batches are cut.
    #[must_use]
    pub fn batch(mut self, batch: config::BatchLimits) -> Self {
        self.code.batch = Some(batch);
        self
    }

    /// Whether nothing is recorded in this process: tracers then cost next to nothing, count nothing, and pass on what
    /// other processes decided. Everything else works, exporters and receivers too; [`Runtime::status`] says
    /// `disabled`.
    #[must_use]
    pub fn disabled(mut self, is_disabled: bool) -> Self {
        self.code.disabled = Some(is_disabled);
        self
    }

    /// A component for `component = "builtin:NAME"`.
    #[must_use]
    pub fn builtin(mut self, name: impl Into<String>, component: impl Into<Bytes>) -> Self {
        self.parts.builtins.add(name.into(), component.into());
        self
    }

    /// Where to look for `component = "builtin:NAME"` that were not given one by one.
    #[must_use]
    pub fn builtins(mut self, find: impl Fn(&str) -> Option<&'static [u8]> + Send + Sync + 'static) -> Self {
        self.parts.builtins.find_with(find);
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
        self.parts.natives.push((name.into(), exporter));
        self
    }

    /// How much a span recorded in this process may carry. Default: [`SpanLimits::default`].
    #[must_use]
    pub fn span_limits(mut self, limits: SpanLimits) -> Self {
        self.code.span_limits = Some(limits);
        self
    }

    /// Where spangate says what it does. Default: nowhere.
    #[must_use]
    pub fn log(mut self, sink: Arc<dyn LogSink>) -> Self {
        self.parts.log = Some(sink);
        self
    }

    /// Where exporters with `grants.terminal` write. Default: standard output, without colours.
    #[must_use]
    pub fn terminal(mut self, sink: Arc<dyn TerminalSink>) -> Self {
        self.parts.terminal = sink;
        self
    }

    /// Where the time of spans comes from. Waits are measured by the machine's own clock whatever this one says.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.parts.clock = clock;
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
        f.debug_struct("RuntimeBuilder").field("natives", &self.parts.natives).finish_non_exhaustive()
    }
}
