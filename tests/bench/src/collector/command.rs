//! `spangate-bench collector`

use std::{
    path::PathBuf,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use spangate::Runtime;
use spangate_tests::{cpu_of_threads, free_port};

use super::process::Collector;
use crate::{
    backend::Backend,
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, thousands_in_a_second},
    machine,
    rounds::{Effort, measure},
    samples::{BATCH, recorded},
    sender::Sender,
    table,
};

/// Compares spangate with an OpenTelemetry Collector, both fed at a steady rate: a table.
#[derive(Args)]
pub(crate) struct CollectorArguments {
    /// The Collector: tests/bench/collector builds one, see the README there.
    #[arg(long, value_name = "FILE")]
    collector: PathBuf,
    /// Only to see that everything runs: a second, figures not to be believed.
    #[arg(long)]
    quick: bool,
    /// Measure so many rounds.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Spans in a second, 512 in a request.
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// JSON, one object per line and figure.
    #[arg(long)]
    json: bool,
}

const UNIT: &str = "ns/span";
/// Rounds, and how long each is fed in a round.
const FULL: (usize, Duration) = (11, Duration::from_secs(2));
const QUICK: (usize, Duration) = (1, Duration::from_millis(100));
/// How the names of spangate's threads begin.
const OURS: &str = "spangate-";
/// What the last deliveries get.
const PATIENCE: Duration = Duration::from_secs(20);

/// Measures and tells.
///
/// # Errors
/// If somebody does not start, or a request does not arrive.
pub(crate) fn compare(arguments: &CollectorArguments) -> anyhow::Result<()> {
    let (rounds, time) = if arguments.quick { QUICK } else { FULL };
    let rounds = arguments.rounds.map_or(rounds, usize::from);
    let feed = Feed { period: Duration::from_secs_f64(f64::from(BATCH) / f64::from(arguments.rate)), time };
    let cases = vec![
        collector(arguments, feed)?,
        spangate("spangate: OTLP in, zipkin out", "<= 0.8x", "zipkin", "api/v2/spans", feed)?,
        spangate("spangate: OTLP in, OTLP out", "", "otlp", "", feed)?,
    ];
    let mut group = Group { title: "OTLP over HTTP in, 512 spans a request, and out over HTTP: CPU", cases };
    let measured = measure(&mut group, Effort { rounds, time_per_case: Duration::ZERO })?;
    if arguments.json {
        print!("{}", table::json_lines(&measured));
        return Ok(());
    }
    println!("{}\n{} spans/s, {rounds} rounds of {time:?}", machine::describe(), arguments.rate);
    print!("{}", table::table(&measured));
    Ok(())
}

/// Requests at fixed moments.
#[derive(Clone, Copy)]
struct Feed {
    period: Duration,
    time: Duration,
}

impl Feed {
    /// Answers how many it has sent.
    fn send(self, sender: &mut Sender) -> anyhow::Result<u64> {
        let requests = (self.time.as_secs_f64() / self.period.as_secs_f64()).ceil() as u32;
        let start = Instant::now();
        for number in 0..requests {
            thread::sleep((start + self.period * number).saturating_duration_since(Instant::now()));
            sender.send()?;
        }
        Ok(requests.into())
    }
}

fn collector(arguments: &CollectorArguments, feed: Feed) -> anyhow::Result<Case> {
    let backend = Backend::start(Duration::ZERO)?;
    let collector = Collector::start(&arguments.collector, &backend.url()?)?;
    let sender = Sender::connect(collector.port(), &recorded(BATCH).otlp())?;
    let used = move || collector.cpu();
    Ok(case(Figure::new("Collector: OTLP in, OTLP out", UNIT).base(), backend, sender, feed, used))
}

fn spangate(name: &str, target: &'static str, component: &str, path: &str, feed: Feed) -> anyhow::Result<Case> {
    let (backend, port, cache) = (Backend::start(Duration::ZERO)?, free_port(), tempfile::tempdir()?);
    let url = backend.url()?;
    // One exporter has two cores at most, as many as there are threads for guests; nothing else is other than the default.
    let toml = format!(
        "[sandbox]\ncpu_share = 2.0\ncache_dir = {:?}\n[receivers.otlp_http]\nlisten = \"127.0.0.1:{port}\"\n\
         [exporters.tested]\ncomponent = \"builtin:{component}\"\nlimits.cpu_share = 2.0\n\
         [exporters.tested.grants.http]\nallow = [\"{url}\"]\n[exporters.tested.settings]\nendpoint = \"{url}{path}\"\n",
        cache.path().join("spangate"),
    );
    let runtime = Runtime::from_toml(toml).builtins(spangate_builtin::component).start()?;
    let sender = Sender::connect(port, &recorded(BATCH).otlp())?;
    let alive = Rc::new((runtime, cache));
    let used = move || {
        let _ = &alive;
        cpu_of_threads(OURS)
    };
    Ok(case(Figure::new(name, UNIT).target(target), backend, sender, feed, used))
}

fn case(
    figure: Figure,
    backend: Backend,
    mut sender: Sender,
    feed: Feed,
    used: impl Fn() -> Duration + 'static,
) -> Case {
    let figures = [figure, Figure::new("  in a second of one core", "k spans")];
    Case::many(figures, move |_| {
        let (before, (taken, _)) = (used(), backend.taken());
        let sent = feed.send(&mut sender)?;
        let start = Instant::now();
        while backend.taken().0 < taken + sent {
            anyhow::ensure!(start.elapsed() < PATIENCE, "{} of {sent} requests arrived", backend.taken().0 - taken);
            thread::sleep(Duration::from_millis(1));
        }
        let cost = nanoseconds_each(used().saturating_sub(before), sent * u64::from(BATCH));
        Ok(vec![cost, thousands_in_a_second(cost)])
    })
}
