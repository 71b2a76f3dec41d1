//! `spangate-bench proof`

use std::{fs, path::PathBuf, time::Duration};

use anyhow::Context;
use clap::Args;

use super::{
    cores::Cores,
    measurement::{Effort, measure},
    picture::picture,
    table::markdown,
};
use crate::machine;

/// Measures what a bad exporter does to the application and to a healthy exporter: a table and a picture.
#[derive(Args)]
pub(crate) struct ProofArguments {
    /// Only to see that everything runs: a few seconds, figures not to be believed.
    #[arg(long)]
    quick: bool,
    /// Measure so many rounds.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Measure each neighbour for so many milliseconds in a round.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..))]
    stretch: Option<u32>,
    /// Only with everything on one core.
    #[arg(long, conflicts_with = "all_cores")]
    one_core: bool,
    /// Only with all cores.
    #[arg(long)]
    all_cores: bool,
    /// Where to write the picture.
    #[arg(long, value_name = "FILE", default_value = "proof.svg")]
    picture: PathBuf,
}

/// Measures and tells: with all cores first, then on one.
///
/// # Errors
/// If an exporter does not start, a span is unaccounted for, or the picture cannot be written.
pub(crate) fn prove(arguments: &ProofArguments) -> anyhow::Result<()> {
    println!("{}", machine::describe());
    let effort = arguments.effort();
    let cores = match (arguments.one_core, arguments.all_cores) {
        (true, _) => vec![Cores::One],
        (_, true) => vec![Cores::All],
        _ => vec![Cores::All, Cores::One],
    };
    let mut outcomes = Vec::new();
    for cores in cores {
        let outcome = measure(cores, effort, |round| {
            eprintln!("{}: round {} of {}", cores.title(), round + 1, effort.rounds);
        })?;
        println!("{}", markdown(&outcome));
        outcomes.push(outcome);
    }
    let path = &arguments.picture;
    fs::write(path, picture(&outcomes)).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

impl ProofArguments {
    fn effort(&self) -> Effort {
        let effort = if self.quick { Effort::QUICK } else { Effort::FULL };
        let stretch = self.stretch.map_or(effort.stretch, |ms| Duration::from_millis(ms.into()));
        Effort { rounds: self.rounds.map_or(effort.rounds, usize::from), stretch, ..effort }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything but the waiting: figures mean nothing here, and nothing is said about them.
    #[test]
    fn every_neighbour_is_measured_told_and_drawn_and_every_span_accounted_for() {
        let quickest = Effort {
            rounds: 1,
            stretch: Duration::from_millis(30),
            warm_up: Duration::from_millis(10),
            saturation: Duration::from_millis(300),
        };
        let outcomes = [Cores::All, Cores::One].map(|cores| measure(cores, quickest, |_| {}).unwrap());
        for outcome in &outcomes {
            let table = markdown(outcome);
            for row in &outcome.rows {
                assert!(table.contains(&format!("| {} ", row.neighbours.title)), "{table}");
                assert!(row.recordings().len() >= u64::from(super::super::application::SPANS_PER_REQUEST));
            }
            let widths: Vec<_> =
                table.lines().filter(|line| line.starts_with('|')).map(|line| line.chars().count()).collect();
            assert!(widths.len() == 11 && widths.iter().all(|width| *width == widths[0]), "{table}");
        }
        let drawn = picture(&outcomes);
        assert_eq!((drawn.matches("class=\"curve").count(), drawn.matches("<g ").count()), (9 * 2 + 9, 2));
        assert_eq!(drawn.matches('<').count(), drawn.matches('>').count());
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }
}
