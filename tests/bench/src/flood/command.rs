//! `spangate-bench flood`

use anyhow::Context;
use clap::Args;

use super::{
    exporting::Speed,
    subject::Who,
    table::{Row, markdown},
};
use crate::{child::ask, machine};

/// Floods spangate and others with spans: what becomes of memory and of spans. A table.
#[derive(Args)]
pub(crate) struct FloodArguments {
    /// Only to see that everything runs: a moment, figures not to be believed.
    #[arg(long)]
    quick: bool,
    /// Flood so many times; the table shows each.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), default_value_t = 1)]
    rounds: u16,
    /// Threads that record.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
}

const FULL_MILLISECONDS: u64 = 5_000;
const QUICK_MILLISECONDS: u64 = 100;

/// Floods and tells.
///
/// # Errors
/// If a process fails, or spangate has lost count.
pub(crate) fn flood(arguments: &FloodArguments) -> anyhow::Result<()> {
    println!("{}", machine::describe());
    let milliseconds = if arguments.quick { QUICK_MILLISECONDS } else { FULL_MILLISECONDS };
    for speed in [Speed::Discarding, Speed::Slow] {
        let mut rows = Vec::new();
        for _ in 0..arguments.rounds {
            for who in Who::ALL {
                rows.push(run(who, speed, arguments.threads, milliseconds).with_context(|| who.title())?);
            }
        }
        print!("{}", markdown(speed, arguments.threads, milliseconds, &rows));
    }
    Ok(())
}

fn run(who: Who, speed: Speed, threads: u32, milliseconds: u64) -> anyhow::Result<Row> {
    let (threads, milliseconds) = (threads.to_string(), milliseconds.to_string());
    let answer = ask(&[
        "flood",
        "--who",
        who.word(),
        "--speed",
        speed.word(),
        "--threads",
        &threads,
        "--milliseconds",
        &milliseconds,
    ])?;
    let number = |name: &str| answer[name].as_f64().with_context(|| format!("no {name} in {answer}"));
    Ok(Row {
        who: who.title(),
        spans: number("spans")?,
        seconds: number("seconds")?,
        nanoseconds: number("nanoseconds_per_span")?,
        exported: number("exported")?,
        dropped: answer["dropped"].as_f64(),
        grown_bytes: number("grown_bytes")?,
        took_too_much: answer["took_too_much"] == true,
    })
}
