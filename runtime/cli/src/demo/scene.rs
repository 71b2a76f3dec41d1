//! A shop records its traces; one exporter draws them, beside it one loops and one crashes.

use std::{
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use spangate::{
    Runtime,
    clock::SystemClock,
    config::{self, Config, Surroundings},
    status::Status,
    telemetry::{Level, LogRecord, LogSink},
};
use spangate_core::clock::Clock;

use super::{shop, summary};
use crate::{
    exit::Exit,
    paint,
    stdout_sink::{self, StdoutSink},
};

const CONFIG: &str = include_str!("demo.toml");

/// How long the exporters may take to come to an end with every span, those in quarantine included.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays the scene and prints the summary.
pub(crate) fn run() -> Result<Exit> {
    let paint = paint::stdout();
    stdout_sink::print(&format!(
        "{}\nThree exporters get every span, each in a sandbox of its own: console draws\n\
         them, looping never returns, crashing panics. This is what console draws:\n\n",
        paint.bold("A small shop serves three requests.")
    ));
    let runtime = Runtime::builder()
        .config(config()?)
        .builtins(spangate_builtin::component)
        .log(Arc::new(FirstStart))
        .terminal(Arc::new(StdoutSink))
        .start()?;
    let tracer = runtime.tracer("shop");
    let now = SystemClock::default().unix_nanos();
    let start = Instant::now();
    let recorded = shop::serve_requests(&tracer, now);
    let took = start.elapsed();
    let status = wait_for_every_span(&runtime);
    runtime.shutdown(Duration::from_secs(1));
    stdout_sink::print(&summary::render(&status, recorded, took, paint));
    Ok(if summary::is_accounted(&status, recorded) { Exit::Success } else { Exit::Failure })
}

fn config() -> Result<Config> {
    let builtins = spangate_builtin::names().collect::<Vec<_>>();
    let file = Path::new("demo.toml");
    let surroundings = Surroundings { file, builtins: &builtins, variable: &|_| None, is_file: &Path::is_file };
    Ok(config::parse(CONFIG.as_bytes(), &surroundings)?.config)
}

/// Waits until no span is queued or being exported any more.
fn wait_for_every_span(runtime: &Runtime) -> Status {
    let start = Instant::now();
    runtime.flush(PATIENCE);
    loop {
        let status = runtime.status();
        let waiting = |exporter: &spangate::status::ExporterStatus| exporter.ledger.queued + exporter.ledger.in_flight;
        if status.exporters.iter().map(waiting).sum::<u64>() == 0 || start.elapsed() > PATIENCE {
            return status;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Says that components are compiled, which takes a moment the first time. The rest is in the summary.
struct FirstStart;

impl LogSink for FirstStart {
    fn log(&self, record: &LogRecord<'_>) {
        if record.level == Level::Info {
            eprintln!("{}", paint::stderr().dim(&format!("{}: {}", record.target, record.message)));
        }
    }
}
