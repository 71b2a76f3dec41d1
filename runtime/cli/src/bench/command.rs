//! The command itself.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail};
use spangate::{
    config::{Limits, Secrets},
    telemetry::{Level, Log, LogSink},
};
use spangate_core::signal::Signal;

use super::{
    measure, report,
    samples::{self, Day},
};
use crate::{
    exit::Exit,
    paint,
    stderr_log::StderrLog,
    stdout_sink::{self, SilentSink},
    trial::{Answering, Rehearsal},
};

/// `spangate bench`
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// A component's file, or builtin:NAME
    pub(crate) component: String,
    /// Its settings: JSON, or a file of JSON
    #[arg(long, value_name = "JSON")]
    pub(crate) settings: Option<String>,
    /// Spans or events in a batch
    #[arg(long, default_value_t = 512, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=8192))]
    pub(crate) batch_size: u32,
    /// How long to measure
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,
    /// Spans or events per second that the budget is for
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) rate: u64,
}

pub(crate) fn bench(args: &BenchArgs) -> Result<Exit> {
    let log = StderrLog::start(Level::Error, paint::stderr(), Secrets::default())?;
    let lines = Log::new(Arc::clone(&log) as Arc<dyn LogSink>);
    let report = measured(args, lines);
    log.finish();
    stdout_sink::print(&report?);
    Ok(Exit::Success)
}

fn measured(args: &BenchArgs, log: Log) -> Result<String> {
    // Only the limits that keep a mistake from running for ever: what it takes is the question.
    let limits = Limits { fuel_per_batch: u64::MAX / 4, cpu_share: 1.0, memory: 1 << 30, ..Limits::default() };
    let (backend, terminal) = (Arc::new(Answering(200)), Arc::new(SilentSink));
    let rehearsal = Rehearsal::of(&args.component, args.settings.as_deref(), limits, backend, terminal, log)?;
    let said = rehearsal.exporter.description();
    let signal = signal_of(&said.signals)?;
    let event_name = said.event_names.iter().find(|name| *name != "*").map_or("order.placed", String::as_str);
    let batch_size = args.batch_size.min(said.max_batch_size.unwrap_or(u32::MAX)).max(1);
    let batch = |rows, day| samples::batch(signal, event_name, rows, day);
    let shortly = Duration::from_millis(500);
    let whole = measure::run(&rehearsal, &batch(batch_size, Day::Ordinary), Duration::from_secs(args.seconds))?;
    let bad = measure::run(&rehearsal, &batch(batch_size, Day::Bad), shortly)?;
    let single = measure::run(&rehearsal, &batch(1, Day::Ordinary), shortly)?;
    let subject = report::Subject {
        component: &args.component,
        signal,
        batch_size,
        rate: args.rate,
        may_send: rehearsal.may_send,
    };
    Ok(report::render(&subject, &report::Seen { whole, bad, single }, paint::stdout()))
}

/// What is measured: spans if the exporter takes them.
fn signal_of(signals: &[Signal]) -> Result<Signal> {
    let wanted = [Signal::Spans, Signal::StartedSpans, Signal::Events];
    match wanted.into_iter().find(|signal| signals.contains(signal)) {
        Some(signal) => Ok(signal),
        None => bail!("the exporter takes no signal: its `describe` names none"),
    }
}
