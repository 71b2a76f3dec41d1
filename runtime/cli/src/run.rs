//! `spangate run`: receives and delivers until it is told to stop, then says what became of every span.

use std::{
    io,
    ops::ControlFlow,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use spangate::{Runtime, StartError, allocator, config::Document, telemetry::LogSink};

use crate::{
    args::RunArgs,
    check, config_file,
    exit::Exit,
    listing::{self, Line},
    paint::{self, Paint},
    report,
    service_notice::{self, Notice},
    start_problem,
    stderr_log::StderrLog,
    stdout_sink::StdoutSink,
    stop_signals,
    table::{PAGE, thousands},
};

/// One Ctrl-C can arrive twice: from the terminal, and passed on by a wrapper such as `timeout` or `cargo run`.
const SAME_KEYSTROKE: Duration = Duration::from_millis(300);

/// What happens while the command runs.
#[derive(Debug)]
enum Event {
    /// The start came to an end.
    Started(Box<Result<Runtime, StartError>>),
    /// A signal of this name asks to stop.
    Stop(&'static str),
    /// The queues are empty, or the deadline has passed.
    Drained,
}

pub(crate) fn run(args: &RunArgs) -> Result<Exit> {
    allocator::keep_freed_memory();
    let document = match config_file::read(&args.config) {
        Ok(document) => document,
        Err(exit) => return Ok(exit),
    };
    let problems = check::no_receiver(&document);
    if !problems.is_empty() {
        config_file::print(&problems);
        return Ok(Exit::Usage);
    }
    let log = StderrLog::start(args.log.into(), paint::stderr(), document.config.secrets.clone())?;
    let exit = start_and_stop(&document, &log);
    log.finish();
    exit
}

fn start_and_stop(document: &Document, log: &Arc<StderrLog>) -> Result<Exit> {
    let (sender, events) = sync_channel(8);
    let stop = sender.clone();
    let on_signal = move |name| stop.send(Event::Stop(name)).map_or(ControlFlow::Break(()), ControlFlow::Continue);
    stop_signals::listen(on_signal).context("cannot listen for signals")?;
    start(document, log, sender.clone())?;
    let runtime = match events.recv()? {
        Event::Started(started) => match *started {
            Ok(runtime) => Arc::new(runtime),
            Err(error) => {
                log.finish();
                return start_problem::tell(document, &error);
            }
        },
        Event::Stop(_) | Event::Drained => return Ok(Exit::Interrupted),
    };
    let paint = paint::stderr();
    eprint!("{}", welcome(document, &runtime, paint));
    service_notice::send(Notice::Ready);
    let signal = loop {
        if let Event::Stop(signal) = events.recv()? {
            break signal;
        }
    };
    let deadline = document.config.shutdown.deadline;
    let stopping = Instant::now();
    let title = paint.bold(&format!("stopping on {signal}:"));
    eprintln!("\n{title} up to {deadline:?} to empty the queues; Ctrl-C again stops at once");
    service_notice::send(Notice::Stopping);
    drain(&runtime, deadline, sender)?;
    let end = wait_until_drained(&runtime, &events, stopping);
    log.finish();
    let status = runtime.status();
    eprint!("\n{}", report::render(&status, PAGE, paint));
    // A person knows who pressed the keys; who manages services asks what was lost.
    Ok(if end == End::CutShort("Ctrl-C") { Exit::Interrupted } else { report::exit(&status) })
}

/// Starts on a thread of its own: a first start compiles components, and Ctrl-C has to be heard meanwhile.
fn start(document: &Document, log: &Arc<StderrLog>, events: SyncSender<Event>) -> io::Result<()> {
    let builder = Runtime::builder()
        .config(document.config.clone())
        .builtins(spangate_builtin::component)
        .log(Arc::clone(log) as Arc<dyn LogSink>)
        .terminal(Arc::new(StdoutSink));
    let start = move || {
        let _ = events.send(Event::Started(Box::new(builder.start())));
    };
    std::thread::Builder::new().name("spangate-start".into()).spawn(start).map(drop)
}

fn drain(runtime: &Arc<Runtime>, deadline: Duration, events: SyncSender<Event>) -> io::Result<()> {
    let runtime = Arc::clone(runtime);
    let drain = move || {
        runtime.shutdown(deadline);
        let _ = events.send(Event::Drained);
    };
    std::thread::Builder::new().name("spangate-drain".into()).spawn(drain).map(drop)
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The queues are empty, or the deadline has passed.
    Drained,
    /// By a second signal of this name.
    CutShort(&'static str),
}

/// Waits for the queues, and says every second how much is left.
fn wait_until_drained(runtime: &Runtime, events: &Receiver<Event>, stopping: Instant) -> End {
    let mut told = None;
    loop {
        match events.recv_timeout(Duration::from_secs(1)) {
            Ok(Event::Stop(_)) if stopping.elapsed() < SAME_KEYSTROKE => {}
            Ok(Event::Stop(signal)) => return End::CutShort(signal),
            Ok(Event::Drained) | Err(RecvTimeoutError::Disconnected) => return End::Drained,
            Ok(Event::Started(_)) => {}
            Err(RecvTimeoutError::Timeout) => {
                let exporters = runtime.status().exporters;
                let left: u64 =
                    exporters.iter().map(|exporter| exporter.ledger.queued + exporter.ledger.in_flight).sum();
                if told != Some(left) {
                    eprintln!("  {} left to deliver", thousands(left));
                }
                told = Some(left);
            }
        }
    }
}

/// Who listens where, and which exporters run.
fn welcome(document: &Document, runtime: &Runtime, paint: Paint) -> String {
    let config = &document.config;
    let listeners = listing::configured(config, |name| match name {
        "admin" => runtime.admin_addr(),
        receiver => runtime.local_addr(receiver),
    });
    let exporters = runtime.status().exporters;
    let line = |name, version| Line { name, version, signals: None };
    let lines: Vec<_> = exporters.into_iter().map(|exporter| line(exporter.name, exporter.version)).collect();
    let title = format!("spangate {} runs {}", env!("CARGO_PKG_VERSION"), document.file());
    let mut text = format!("\n{}\n\n{}\n", paint.bold(&title), listing::listeners(&listeners));
    text += &listing::exporters(config, &lines, PAGE, paint);
    text + &format!("\n{}\n\n", paint.dim("Ctrl-C stops it and says what became of every span."))
}
