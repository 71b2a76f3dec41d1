//! `spangate-bench embedded`

use anyhow::Context;
use clap::Args;

use spangate_core::{
    batch::{Batch, BatchId, Metadata},
    sampler::AlwaysOn,
    signal::Signal,
};

use super::subject::Who;
use crate::{
    case::{Case, Figure, Group},
    child::{BackendProcess, ask},
    machine,
    recording::record,
    rounds::{Effort, measure},
    samples::{BATCH, recorder},
    table,
};

/// Measures what tracing costs a program, all of its threads, at 20,000 spans a second: a table.
#[derive(Args)]
pub(crate) struct EmbeddedArguments {
    /// Only to see that everything runs: a second, figures not to be believed.
    #[arg(long)]
    quick: bool,
    /// Measure so many rounds.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Spans in a second.
    #[arg(long, default_value_t = 20_000)]
    rate: u32,
    /// JSON, one object per line and figure.
    #[arg(long)]
    json: bool,
}

/// Rounds, and milliseconds of each program in a round; half as many warm up.
const FULL: (usize, u64) = (9, 3_000);
const QUICK: (usize, u64) = (1, 100);

/// Measures and tells.
///
/// # Errors
/// If a program fails, or a span did not arrive.
pub(crate) fn embed(arguments: &EmbeddedArguments) -> anyhow::Result<()> {
    let (rounds, milliseconds) = if arguments.quick { QUICK } else { FULL };
    let rounds = arguments.rounds.map_or(rounds, usize::from);
    let cache = tempfile::tempdir()?;
    let folder = cache.path().join("spangate").display().to_string();
    let case = |who: Who, name: &str, target: &'static str| {
        let (folder, rate, name) = (folder.clone(), arguments.rate, name.to_owned());
        let mut figure = Figure::new(&*name, "ns/span").target(target);
        figure.is_base = who == Who::Opentelemetry;
        let figures = [figure, Figure::new("  what it sends", "bytes/span"), Figure::new("  most memory", "MiB")];
        Case::many(figures, move |_| run(who, &folder, rate, milliseconds).with_context(|| name.clone()))
    };
    let cases = vec![
        case(Who::Nobody, "the pace alone", ""),
        case(Who::Spangate, "spangate, otlp in the sandbox", "<= 0.4x"),
        case(Who::Opentelemetry, "opentelemetry_sdk, opentelemetry-otlp", ""),
    ];
    let mut group =
        Group { title: "a program that sends its spans as OTLP over HTTP: CPU of its whole process", cases };
    // A case is a run, however short it was.
    let measured = measure(&mut group, Effort { rounds, time_per_case: std::time::Duration::ZERO })?;
    if arguments.json {
        print!("{}", table::json_lines(&measured));
        return Ok(());
    }
    println!("{}\n{} spans/s, {rounds} rounds of {milliseconds} ms", machine::describe(), arguments.rate);
    print!("{}", table::table(&measured));
    Ok(())
}

/// Measures once, and again if spans were lost: that would be cheaper than it is. On a machine that has other work to do
/// threads that export come too late for queues of the default size.
fn run(who: Who, cache: &str, rate: u32, milliseconds: u64) -> anyhow::Result<Vec<f64>> {
    const TRIES: usize = 5;
    for _ in 0..TRIES {
        match try_once(who, cache, rate, milliseconds)? {
            Ok(figures) => return Ok(figures),
            Err(loss) => eprintln!("measured again, {}: {loss}", who.word()),
        }
    }
    anyhow::bail!("spans were lost in each of {TRIES} runs")
}

/// What was lost.
type Loss = String;

fn try_once(who: Who, cache: &str, rate: u32, milliseconds: u64) -> anyhow::Result<Result<Vec<f64>, Loss>> {
    let backend = BackendProcess::start()?;
    let (url, rate, milliseconds) = (backend.url()?.to_string(), rate.to_string(), milliseconds.to_string());
    let answer = ask(&[
        "embedded",
        "--who",
        who.word(),
        "--backend",
        &url,
        "--cache",
        cache,
        "--rate",
        &rate,
        "--milliseconds",
        &milliseconds,
    ])?;
    let number = |name: &str| answer[name].as_f64().with_context(|| format!("no {name} in {answer}"));
    let (_, bytes) = backend.end()?;
    let (bytes, least) = (bytes as f64 / number("spans")?, least_bytes());
    if let Some(loss) = answer["loss"].as_str() {
        return Ok(Err(loss.to_owned()));
    }
    if who != Who::Nobody && bytes < least {
        return Ok(Err(format!("{bytes:.0} bytes arrived for each span, of at least {least:.0}")));
    }
    Ok(Ok(vec![number("nanoseconds_per_span")?, bytes, number("peak_bytes")? / f64::from(1 << 20)]))
}

/// Of one span in a full batch: the SDK, which tells nobody what it drops, sends a little more.
fn least_bytes() -> f64 {
    let (intake, tracer) = recorder(AlwaysOn);
    (0..BATCH).for_each(|_| record(&tracer));
    let bytes: usize = intake
        .take_all()
        .into_iter()
        .map(|chunk| {
            let (id, metadata) = (BatchId([7; 16]), Metadata::from([]));
            Batch::recorded(id, Signal::Spans, chunk.columns.freeze(), metadata).otlp().len()
        })
        .sum();
    // Without the resource, which is longer here.
    bytes as f64 / f64::from(BATCH) - 2.0
}
