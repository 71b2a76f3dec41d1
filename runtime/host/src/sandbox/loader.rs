//! The sandbox of one runtime: engine, threads, compiled components.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;

use super::{
    addresses::not_granted,
    body::{Body, Parts},
    cache::Cache,
    compilation::{Order, prepare},
    compiler::Compiler,
    component::{Prepared, check_bytes, check_grants, check_known, check_needs},
    cpu::{Cpu, Seat},
    description::Description,
    engine::build_engine,
    error::{LoadError, SandboxError},
    exporter::SandboxExporter,
    guest::Capabilities,
    instance::{Instance, Mould},
    linkers::Linkers,
    links::Links,
    meter::Totals,
    observer::GuestObserver,
    shelf::Shelf,
    threads::Threads,
};
#[cfg(feature = "http")]
use crate::capability::backend::HttpBackend;
use crate::{
    capability::{
        clock::{ClockCtx, ClockGrant},
        http::{HttpClient, HttpGrant},
        log::{LogCtx, LogGrant},
        metrics::{MetricsCtx, MetricsGrant},
        terminal::{TerminalCtx, TerminalGrant, TerminalSink, TerminalWriter},
    },
    config,
    telemetry::{Level, Log, SparingLog, Sparingly},
};

/// Runs exporters of one runtime. Two sandboxes share nothing but the cache on disk.
pub struct Sandbox {
    linkers: Arc<Linkers>,
    cache: Option<Cache>,
    guests: Arc<Threads>,
    cpu: Arc<Cpu>,
    connections: Arc<Threads>,
    log: Log,
    terminal: Arc<TerminalWriter>,
    max_component_bytes: usize,
    /// One compilation at a time: each may take a core and a gigabyte.
    compiler: Compiler,
    shelf: Arc<Shelf>,
    idle_timeout: Duration,
    #[cfg(feature = "http")]
    backend: Option<Arc<dyn HttpBackend>>,
    observer: Option<Arc<dyn GuestObserver>>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts threads and an engine. Exporters with `grants.terminal` write to `terminal`.
    ///
    /// Without a private cache directory every start compiles again; that is logged, and no error.
    ///
    /// # Errors
    /// If compiled code cannot run on this machine, or there are no threads.
    pub fn new(config: &config::Sandbox, log: Log, terminal: Arc<dyn TerminalSink>) -> Result<Self, SandboxError> {
        let engine =
            build_engine(config.signal_handlers).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        let cache = Cache::open(config);
        let cache = cache.inspect_err(|error| {
            log.say(Level::Warn, "sandbox", format_args!("compiled components are not kept: {error}"));
        });
        Ok(Self {
            linkers: Arc::new(Linkers::new(engine)),
            cache: cache.ok(),
            guests: Arc::new(Threads::for_guests(config.threads)?),
            cpu: Cpu::new(config.cpu_share, config.threads),
            connections: Arc::new(Threads::for_connections()?),
            log,
            terminal: Arc::new(TerminalWriter::new(terminal)),
            max_component_bytes: config.max_component_bytes,
            compiler: Compiler::new(),
            shelf: Arc::default(),
            idle_timeout: config.idle_timeout,
            #[cfg(feature = "http")]
            backend: None,
            observer: None,
        })
    }

    /// Has `backend` answer the requests of exporters that are loaded from here on: nothing reaches the network.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn with_backend(mut self, backend: Arc<dyn HttpBackend>) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Has `observer` watch the exporters that are loaded from here on.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn GuestObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Loads the exporter `name` from the bytes of its component: checks it, compiles it unless that was done before,
    /// links what `config` grants, and has it describe itself and take its settings.
    ///
    /// # Errors
    /// [`LoadError`], naming what was found, what is allowed and what to do.
    pub async fn load(
        &self,
        name: &str,
        bytes: Bytes,
        config: &config::Exporter,
    ) -> Result<Arc<SandboxExporter>, LoadError> {
        let seen = check_bytes(&bytes, self.max_component_bytes, config.digest)?;
        check_grants(&seen, name, &config.grants)?;
        let host_log = Arc::new(SparingLog::new(name, Sparingly::ON_EXPORTER, self.log.clone()));
        let capabilities = Arc::new(self.capabilities(name, config, &host_log)?);
        if let Some(terminal) = &capabilities.terminal {
            terminal.ready().await;
        }
        let order = Order { bytes, digest: config.digest, links: Links::of(&config.grants) };
        let prepared = self.prepare(&host_log, order, config.limits.memory).await?;
        let totals = Arc::new(Totals::default());
        let settings = settings_of(config);
        let first = First {
            prepared: Arc::clone(&prepared),
            capabilities: Arc::clone(&capabilities),
            totals: Arc::clone(&totals),
            seat: self.cpu.seat(config.limits.weight, None),
            max_memory: config.limits.memory,
            settings: Some(Arc::clone(&settings)),
        };
        let (description, instance) = self.start(first).await?;
        let parts = Parts {
            description,
            prepared,
            capabilities,
            limits: config.limits,
            settings,
            totals,
            host_log,
            guests: Arc::clone(&self.guests),
            connections: Arc::clone(&self.connections),
            concurrency: config.concurrency.max(1),
            may_send: config.grants.http.is_some(),
            idle_timeout: self.idle_timeout,
        };
        let seat = self.cpu.seat(config.limits.weight, Some(config.limits.cpu_share));
        Ok(Arc::new(SandboxExporter::new(Body::new(parts, instance, seat))))
    }

    /// Has a component describe itself, without settings and with nothing granted: what it reaches for is denied.
    ///
    /// # Errors
    /// As for [`Sandbox::load`], missing grants excepted.
    pub async fn describe(&self, name: &str, bytes: Bytes, limits: &config::Limits) -> Result<Description, LoadError> {
        let seen = check_bytes(&bytes, self.max_component_bytes, None)?;
        check_known(&seen)?;
        let host_log = Arc::new(SparingLog::new(name, Sparingly::ON_EXPORTER, self.log.clone()));
        let http = self.http_client(None, 1, &host_log)?;
        let nothing = self.assemble(name, limits, http, None, &host_log);
        let links = Links { http: true, terminal: true };
        let first = First {
            prepared: self.prepare(&host_log, Order { bytes, digest: None, links }, limits.memory).await?,
            capabilities: Arc::new(nothing),
            totals: Arc::default(),
            seat: self.cpu.seat(limits.weight, None),
            max_memory: limits.memory,
            settings: None,
        };
        self.start(first).await.map(|(description, _)| description)
    }

    async fn prepare(
        &self,
        log: &Arc<SparingLog>,
        order: Order,
        max_memory: usize,
    ) -> Result<Arc<Prepared>, LoadError> {
        let (linkers, cache, log) = (Arc::clone(&self.linkers), self.cache.clone(), log.clone());
        let shelf = Arc::clone(&self.shelf);
        let work = move |client: &_| prepare(&linkers, cache.as_ref(), &shelf, &log, &order, client);
        let prepared = self.compiler.run(work).await?;
        check_needs(prepared.pre.component(), max_memory)?;
        Ok(prepared)
    }

    async fn start(&self, first: First) -> Result<(Description, Instance), LoadError> {
        let task = self.guests.spawn(first.start()).ok_or(LoadError::ShutDown)?;
        task.join().await.unwrap_or(Err(LoadError::ShutDown))
    }

    fn capabilities(
        &self,
        name: &str,
        config: &config::Exporter,
        host_log: &Arc<SparingLog>,
    ) -> Result<Capabilities, LoadError> {
        let http = self.http_client(config.grants.http.as_ref(), config.concurrency.max(1), host_log)?;
        if !self.is_rehearsing() {
            not_granted(config).iter().for_each(|line| host_log.tell(Level::Warn, format_args!("{line}")));
        }
        let terminal = config.grants.terminal.then(|| self.terminal(host_log)).transpose()?;
        Ok(self.assemble(name, &config.limits, http, terminal, host_log))
    }

    fn assemble(
        &self,
        name: &str,
        limits: &config::Limits,
        http: Arc<HttpClient>,
        terminal: Option<TerminalCtx>,
        host_log: &Arc<SparingLog>,
    ) -> Capabilities {
        let log = LogGrant::per_second(limits.log_lines_per_second, limits.log_line_bytes);
        Capabilities {
            clock: ClockCtx::new(ClockGrant::default()),
            log: Arc::new(LogCtx::new(name, log, self.log.clone(), host_log.clone())),
            metrics: MetricsCtx::new(MetricsGrant { series: limits.metric_series }),
            http,
            terminal,
            observer: self.observer.clone(),
        }
    }

    fn terminal(&self, host_log: &Arc<SparingLog>) -> Result<TerminalCtx, LoadError> {
        let terminal = TerminalCtx::new(TerminalGrant::default(), Arc::clone(&self.terminal), host_log.clone());
        terminal.map_err(|error| LoadError::BadGrant(vec![format!("grants.terminal: no thread to write on: {error}")]))
    }

    /// Whether requests are answered without a network.
    fn is_rehearsing(&self) -> bool {
        #[cfg(feature = "http")]
        return self.backend.is_some();
        #[cfg(not(feature = "http"))]
        false
    }

    /// Without a grant, a client that may reach nothing.
    fn http_client(
        &self,
        grant: Option<&config::HttpGrant>,
        instances: usize,
        host_log: &Arc<SparingLog>,
    ) -> Result<Arc<HttpClient>, LoadError> {
        let nothing = config::HttpGrant::default();
        let grant = HttpGrant::new(grant.unwrap_or(&nothing)).map_err(|errors| {
            LoadError::BadGrant(errors.iter().map(|error| format!("grants.http: {error}")).collect())
        })?;
        let io = self.connections.handle().ok_or(LoadError::ShutDown)?;
        #[cfg(feature = "http")]
        if let Some(backend) = &self.backend {
            return Ok(HttpClient::rehearsal(grant, instances, io, Arc::clone(backend)));
        }
        Ok(HttpClient::new(Arc::new(grant), instances, io, host_log.clone()))
    }
}

/// The settings as the JSON text that the guest gets.
fn settings_of(config: &config::Exporter) -> Arc<str> {
    serde_json::Value::Object(config.settings.clone()).to_string().into()
}

/// The first instance of an exporter, before it runs.
struct First {
    prepared: Arc<Prepared>,
    capabilities: Arc<Capabilities>,
    totals: Arc<Totals>,
    /// Without a share of its own: a start is slowed by the common budget alone.
    seat: Seat,
    max_memory: usize,
    /// None to have it describe itself only.
    settings: Option<Arc<str>>,
}

impl First {
    async fn start(self) -> Result<(Description, Instance), LoadError> {
        let in_phase = |phase| move |fault| LoadError::Fault { phase, fault };
        let Self { prepared, capabilities, totals, seat, max_memory, settings } = &self;
        let mould = Mould { prepared, capabilities, totals, max_memory: *max_memory, seat };
        let mut instance = Instance::new(mould).await.map_err(in_phase("instantiation"))?;
        let said = instance.describe(seat).await.map_err(in_phase("describe"))?;
        let indices = &prepared.indices;
        let description = Description::check(said, &indices.signals(), indices.has_ticker())?;
        if let Some(settings) = settings {
            let answer = instance.configure(settings, seat).await.map_err(in_phase("configure"))?;
            answer.map_err(LoadError::Settings)?;
        }
        totals.fuel.store(0, Relaxed);
        totals.cpu_nanoseconds.store(0, Relaxed);
        totals.contended_nanoseconds.store(0, Relaxed);
        Ok((description, instance))
    }
}
