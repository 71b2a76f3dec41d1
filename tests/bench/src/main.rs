//! Benchmarks of spangate, and of rivals beside it: `cargo run --release -p spangate-bench`.
//!
//! Constraints: what is compared runs in one process, in turn, over many rounds; medians and the middle four fifths are
//! told, never a single value; where the subject is work, CPU time of the thread that does it is measured; no time is
//! asserted, only that everything ran and came to the right result.

mod backend;
mod case;
mod child;
mod collector;
mod cpu;
mod crossing;
mod delivery;
mod drawing;
mod embedded;
mod fastrace_spans;
mod flood;
mod forwarding;
mod front_ends;
mod growth;
mod idle;
mod loading;
mod machine;
mod markdown;
mod memory;
mod metering;
mod native_batch;
mod native_server;
mod opentelemetry_sdk;
mod proof;
mod queueing;
mod recording;
mod rounds;
mod samples;
mod scaling;
mod sender;
mod serving;
mod sink;
mod stage;
mod statistics;
mod stopping;
mod table;
mod views;

use std::rc::Rc;

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    case::Group,
    child::{Role, play},
    collector::{CollectorArguments, compare},
    embedded::{EmbeddedArguments, embed},
    flood::{FloodArguments, flood},
    growth::{GrowthArguments, grow},
    proof::{ProofArguments, prove},
    rounds::{Effort, measure},
    stage::Stage,
};

/// Measures spangate and prints a table.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only to see that everything runs: a few seconds, figures not to be believed.
    #[arg(long)]
    quick: bool,
    /// Measure so many rounds.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// JSON, one object per line and figure.
    #[arg(long)]
    json: bool,
    /// Only these.
    only: Vec<Family>,
}

/// What is no table of costs.
#[derive(Subcommand)]
enum Command {
    Proof(ProofArguments),
    Growth(GrowthArguments),
    Embedded(EmbeddedArguments),
    Flood(FloodArguments),
    Collector(CollectorArguments),
    /// What this program starts itself for.
    #[command(hide = true)]
    Child {
        #[command(subcommand)]
        role: Role,
    },
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Family {
    /// Spans on the application's threads.
    Recording,
    /// Batches on their way through queues.
    Queues,
    /// Batches from one form into another.
    Views,
    /// Batches into the sandbox.
    Crossing,
    /// What metering costs a guest.
    Metering,
    /// Batches through exporters and out.
    Delivery,
    /// Requests in over a network, through exporters and out.
    Forwarding,
    /// Components into the sandbox, and again after a fault.
    Loading,
    /// Exporters that have nothing to do.
    Idle,
    /// Guests that do not stop by themselves.
    Stopping,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.command {
        Some(Command::Proof(arguments)) => return prove(arguments),
        Some(Command::Growth(arguments)) => return grow(arguments),
        Some(Command::Embedded(arguments)) => return embed(arguments),
        Some(Command::Flood(arguments)) => return flood(arguments),
        Some(Command::Collector(arguments)) => return compare(arguments),
        Some(Command::Child { role }) => return play(role),
        None => {}
    }
    let mut effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    effort.rounds = arguments.rounds.map_or(effort.rounds, usize::from);
    if !arguments.json {
        println!("{}", machine::describe());
    }
    let stage = Rc::new(Stage::new()?);
    for family in
        Family::value_variants().iter().filter(|family| arguments.only.is_empty() || arguments.only.contains(family))
    {
        for mut group in family.groups(&stage)? {
            let measured = measure(&mut group, effort)?;
            print!("{}", if arguments.json { table::json_lines(&measured) } else { table::table(&measured) });
        }
    }
    Ok(())
}

impl Family {
    fn groups(self, stage: &Rc<Stage>) -> anyhow::Result<Vec<Group>> {
        match self {
            Self::Recording => {
                Ok(recording::groups().into_iter().chain(scaling::groups()).chain(front_ends::groups()).collect())
            }
            Self::Queues => Ok(queueing::groups()),
            Self::Views => views::groups(),
            Self::Crossing => crossing::groups(stage),
            Self::Metering => metering::groups(stage),
            Self::Delivery => delivery::groups(stage),
            Self::Forwarding => forwarding::groups(),
            Self::Loading => loading::groups(),
            Self::Idle => idle::groups(),
            Self::Stopping => stopping::groups(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_yields_a_finite_number_for_every_figure() {
        let tiny = Effort { rounds: 1, time_per_case: std::time::Duration::ZERO };
        let stage = Rc::new(Stage::new().unwrap());
        for family in Family::value_variants() {
            let groups = family.groups(&stage).unwrap();
            assert!(!groups.is_empty(), "{family:?}");
            for mut group in groups {
                let measured = measure(&mut group, tiny).unwrap();
                assert_eq!(measured.len(), group.cases.iter().map(|case| case.figures.len()).sum::<usize>());
                for one in &measured {
                    assert!(one.spread.median.is_finite(), "{}: {one:?}", group.title);
                }
                let table = table::table(&measured);
                assert!(table.lines().all(|line| line.len() <= 100), "{table}");
            }
        }
    }
}
