//! Starts a runtime: exporters first, then the pipeline, then the ports, so that nothing comes in before it can go out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use spangate_core::{
    clock::Clock,
    tracer::{Tracer, reseed_ids},
};
use tokio::{sync::OnceCell, task::JoinSet};

use super::{
    builder::{Parts, RuntimeBuilder},
    closing::{Closing, FINISH_LOG},
    components::{self, Builtins},
    error::{Problems, StartError, StartProblem},
    handle::Runtime,
    io::{IoThreads, Work},
    layers::{Settled, settle},
    located::locate,
    narrowings::Narrowings,
    native::NativeExporter,
    outlet::Outlet,
    ports::Ports,
    recording,
    sinks::open_log,
    ticks::tick,
    view::View,
    written::Read,
};
use crate::{
    clock::SystemClock,
    config::{self, Config},
    pipeline::{Pipeline, PipelineParts, ReceivedSampler},
    sandbox::{LoadError, Sandbox, SandboxExporter, TerminalSink},
    telemetry::{Level, Log},
};

/// What loading all exporters may take: compiling a large component takes seconds.
const LOADING: Duration = Duration::from_secs(300);

/// Reads what was written, puts it together with what else was said, and starts it. Problems are told at their place in
/// the text, if there is one.
pub(super) fn start(builder: RuntimeBuilder) -> Result<Runtime, StartError> {
    let RuntimeBuilder { written, environment, code, parts } = builder;
    let (read, wrong_variables) = (written.read(&parts.builtins), &environment.problems);
    let Read { config, document } = match (read, wrong_variables.is_empty()) {
        (Ok(read), true) => read,
        (Ok(_), false) => return Err(StartError::of_config(wrong_variables.clone())),
        (Err(error), _) => return Err(error.and(wrong_variables)),
    };
    let has_exporter = !config.exporters.is_empty() || !parts.natives.is_empty();
    let started = match document {
        // A runtime that was put together by code may stand without exporters: it only counts.
        Some(_) if !has_exporter => Err(StartProblem::NoExporter.into()),
        _ => start_with(settle(config, &environment, code), parts),
    };
    started.map_err(|error| match &document {
        Some(document) => locate(error, document),
        None => error,
    })
}

fn start_with(settled: Settled, parts: Parts) -> Result<Runtime, StartError> {
    let log = open_log(parts.log.clone(), &settled.config.secrets).map_err(StartProblem::Threads)?;
    let started = start_telling(settled, parts, &log);
    if started.is_err() {
        log.wait(FINISH_LOG);
    }
    started
}

fn start_telling(settled: Settled, parts: Parts, log: &Log) -> Result<Runtime, StartError> {
    let Parts { builtins, natives, terminal, clock, .. } = parts;
    let config = &settled.config;
    let work = Work { receives: !config.receivers.is_empty(), has_natives: !natives.is_empty() };
    let io = IoThreads::start(work).map_err(StartProblem::Threads)?;
    let mut problems = Problems::default();
    let sampler = received_sampler(&settled, &mut problems);
    let mut outlets = sandboxed(&io, config, &builtins, log, terminal, &mut problems);
    outlets.extend(native(&settled, natives, log, &mut problems));
    problems.into_result()?;

    let lanes = outlets.iter().map(|outlet| outlet.lane.clone()).collect();
    // In a child process, whose thread is a copy of its parent's, the ids would be those of the parent.
    reseed_ids(u64::from(std::process::id()) ^ clock.unix_nanos());
    // Waits are real ones, whatever the clock of the spans says.
    let machine: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let parts = PipelineParts { lanes, batch: config.batch, sampler, clock: machine.clone(), log: log.clone() };
    let pipeline = Arc::new(Pipeline::new(parts));
    let tracer = Tracer::builder(clock.clone(), pipeline.intake().clone())
        .resource(settled.resource)
        .sampler(recording::sampler(config.sampler, clock.clone()))
        .limits(settled.span_limits)
        .disabled(settled.is_disabled)
        .build();
    if settled.is_disabled {
        log.say(Level::Info, "runtime", format_args!("disabled: nothing is recorded in this process"));
    }
    pipeline.spawn(io.handle(), io.collector());
    let view = Arc::new(View::new(pipeline, outlets, machine, config.secrets.clone(), settled.is_disabled));
    let closing = open(&io, config, &view, log)?;
    Ok(Runtime::new(io, closing, tracer, log.clone()))
}

/// Without a receiver there is nothing to sample by trace id.
fn received_sampler(settled: &Settled, problems: &mut Problems) -> ReceivedSampler {
    let config = &settled.config;
    match ReceivedSampler::new(config.sampler) {
        Ok(sampler) => sampler,
        Err(message) => {
            if !config.receivers.is_empty() {
                problems.add(StartProblem::Sampler { place: settled.sampler_place.as_str(), message });
            }
            ReceivedSampler::All
        }
    }
}

fn sandboxed(
    io: &IoThreads,
    config: &Config,
    builtins: &Builtins,
    log: &Log,
    terminal: Arc<dyn TerminalSink>,
    problems: &mut Problems,
) -> Vec<Outlet> {
    let (mut outlets, mut narrowings) = (Vec::new(), Narrowings::default());
    for (name, loaded) in load_all(io, config, builtins, log, terminal, problems) {
        match (loaded, config.exporters.get(&name)) {
            (Ok(exporter), Some(settings)) => {
                match Outlet::sandboxed(&name, exporter, settings, config, &mut narrowings) {
                    Ok(outlet) => outlets.push(outlet),
                    Err(messages) => problems.add_all(&name, messages),
                }
            }
            (Err(error), _) => problems.add(StartProblem::Load { exporter: name, error }),
            (Ok(_), None) => {}
        }
    }
    outlets
}

fn native(
    settled: &Settled,
    natives: Vec<(String, NativeExporter)>,
    log: &Log,
    problems: &mut Problems,
) -> Vec<Outlet> {
    let config = &settled.config;
    let mut names: BTreeSet<String> = config.exporters.keys().cloned().collect();
    let mut outlets = Vec::new();
    for (name, native) in natives {
        if names.insert(name.clone()) {
            match Outlet::native(&name, native, config, &settled.native, log.clone()) {
                Ok(outlet) => outlets.push(outlet),
                Err(messages) => problems.add_all(&name, messages),
            }
        } else {
            problems.add(StartProblem::DuplicateName { exporter: name });
        }
    }
    outlets
}

/// One exporter, loaded or not.
type Loaded = (String, Result<Arc<SandboxExporter>, LoadError>);

/// Loads every exporter of the configuration side by side; in the order of their names.
fn load_all(
    io: &IoThreads,
    config: &Config,
    builtins: &Builtins,
    log: &Log,
    terminal: Arc<dyn TerminalSink>,
    problems: &mut Problems,
) -> Vec<Loaded> {
    if config.exporters.is_empty() {
        return Vec::new();
    }
    // A thread without a call to run would only wake up with the others.
    let calls = config.exporters.values().map(|exporter| exporter.concurrency).fold(0, usize::saturating_add);
    let settings = config::Sandbox { threads: config.sandbox.threads.min(calls), ..config.sandbox.clone() };
    let sandbox = match Sandbox::new(&settings, log.clone(), terminal) {
        Ok(sandbox) => Arc::new(sandbox),
        Err(error) => {
            problems.add(error);
            return Vec::new();
        }
    };
    let loaded = load(io, sandbox, &config.exporters, builtins, config.sandbox.max_component_bytes);
    loaded.unwrap_or_else(|| {
        problems.add(StartProblem::TimedOut { what: "loading the exporters", limit: LOADING });
        Vec::new()
    })
}

/// None if it takes too long.
fn load(
    io: &IoThreads,
    sandbox: Arc<Sandbox>,
    exporters: &BTreeMap<String, config::Exporter>,
    builtins: &Builtins,
    max_component_bytes: usize,
) -> Option<Vec<Loaded>> {
    let read = |(name, settings): (&String, &config::Exporter)| {
        (name.clone(), settings.clone(), components::read(&settings.component, builtins, max_component_bytes))
    };
    let work: Vec<_> = exporters.iter().map(read).collect();
    io.wait(LOADING, async move {
        let mut loading = JoinSet::new();
        for (name, settings, bytes) in work {
            let sandbox = sandbox.clone();
            loading.spawn(async move {
                let loaded = match bytes {
                    Ok(bytes) => sandbox.load(&name, bytes, &settings).await,
                    Err(error) => Err(error),
                };
                (name, loaded)
            });
        }
        let mut loaded = loading.join_all().await;
        loaded.sort_by(|(left, _), (right, _)| left.cmp(right));
        loaded
    })
}

/// Opens the ports and starts what the clock drives.
fn open(io: &IoThreads, config: &Config, view: &Arc<View>, log: &Log) -> Result<Arc<Closing>, StartError> {
    let ports = Ports::open(io, config, view, log)?;
    let ticks = view.outlets.iter().filter_map(|outlet| {
        let (log, exporter) = (outlet.lane.log().clone(), outlet.exporter.clone());
        Some(io.handle().spawn(tick(log, exporter, outlet.tick_interval?)).abort_handle())
    });
    Ok(Arc::new(Closing {
        view: view.clone(),
        ports,
        ticks: ticks.collect(),
        log: log.clone(),
        report: OnceCell::new(),
    }))
}
