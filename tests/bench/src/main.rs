//! Benchmarks of spangate, and of rivals beside it: `cargo run --release -p spangate-bench`.
//!
//! Constraints: what is compared runs in one process, in turn, over many rounds; medians and the middle four fifths are
//! told, never a single value; where the subject is work, CPU time of the thread that does it is measured; no time is
//! asserted, only that everything ran and came to the right result.

mod case;
mod cpu;
mod crossing;
mod delivery;
mod loading;
mod machine;
mod native_batch;
mod opentelemetry_sdk;
mod queueing;
mod recording;
mod rounds;
mod samples;
mod sink;
mod stage;
mod statistics;
mod table;
mod views;

use std::rc::Rc;

use clap::Parser;

use crate::{
    case::Group,
    rounds::{Effort, measure},
    stage::Stage,
};

/// Measures spangate and prints a table.
#[derive(Parser)]
struct Arguments {
    /// Only to see that everything runs: a few seconds, figures not to be believed.
    #[arg(long)]
    quick: bool,
    /// JSON, one object per line and figure.
    #[arg(long)]
    json: bool,
    /// Only groups whose title contains this.
    only: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    if !arguments.json {
        println!("{}", machine::describe());
    }
    let only = arguments.only.unwrap_or_default();
    for mut group in groups()?.into_iter().filter(|group| group.title.contains(&only)) {
        let measured = measure(&mut group, effort)?;
        print!("{}", if arguments.json { table::json_lines(&measured) } else { table::table(&measured) });
    }
    Ok(())
}

fn groups() -> anyhow::Result<Vec<Group>> {
    let stage = Rc::new(Stage::new()?);
    let mut groups = recording::groups();
    groups.extend(queueing::groups());
    groups.extend(views::groups()?);
    groups.extend(crossing::groups(&stage)?);
    groups.extend(delivery::groups(&stage)?);
    groups.extend(loading::groups()?);
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_yields_a_finite_number_for_every_figure() {
        let tiny = Effort { rounds: 1, time_per_case: std::time::Duration::ZERO };
        let mut names = Vec::new();
        for mut group in groups().unwrap() {
            let measured = measure(&mut group, tiny).unwrap();
            assert_eq!(measured.len(), group.cases.iter().map(|case| case.figures.len()).sum::<usize>());
            for one in &measured {
                assert!(one.spread.median.is_finite(), "{}: {one:?}", group.title);
                names.push((one.group, one.figure.name.clone()));
            }
            assert!(table::table(&measured).lines().all(|line| line.len() <= 100), "{}", table::table(&measured));
        }
        for group in ["recording", "queues", "views", "crossing", "zipkin", "otlp", "loading", "panics"] {
            assert!(names.iter().any(|(title, _)| title.contains(group)), "nothing about {group}");
        }
    }
}
