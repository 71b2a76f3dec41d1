//! `spangate-bench growth`

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::Args;

use super::{
    attributes, batches,
    chart::{Chart, measure_round},
    effort::Effort,
    exporters,
    path::Place,
    picture::picture,
    requests, slow_backend,
    table::markdown,
    threads,
};
use crate::machine;

/// Measures how costs grow with batches, exporters, attributes, threads and a slow backend: tables and a picture.
#[derive(Args)]
pub(crate) struct GrowthArguments {
    /// Only to see that everything runs: the ends of each curve once, figures not to be believed.
    #[arg(long)]
    quick: bool,
    /// Measure so many rounds.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Only charts whose titles have this in them.
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
    /// Only points at this x: for a profile.
    #[arg(long, value_name = "X")]
    at: Option<u32>,
    /// Where to write the picture.
    #[arg(long, value_name = "FILE", default_value = "growth.svg")]
    picture: PathBuf,
}

/// Measures and tells.
///
/// # Errors
/// If an exporter does not start, a span is unaccounted for, or the picture cannot be written.
pub(crate) fn grow(arguments: &GrowthArguments) -> anyhow::Result<()> {
    println!("{}", machine::describe());
    let effort = arguments.effort();
    let wanted = Wanted { title: arguments.only.as_deref(), x: arguments.at };
    let charts = measure(effort, wanted, |round| {
        eprintln!("round {} of {}", round + 1, effort.rounds);
    })?;
    charts.iter().for_each(|chart| print!("{}", markdown(chart)));
    let path = &arguments.picture;
    fs::write(path, picture(&charts)).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

/// What is measured.
#[derive(Clone, Copy, Default)]
struct Wanted<'a> {
    title: Option<&'a str>,
    x: Option<u32>,
}

fn measure(effort: Effort, wanted: Wanted<'_>, progress: impl Fn(usize)) -> anyhow::Result<Vec<Chart>> {
    let place = Place::new()?;
    let mut charts =
        vec![batches::chart(effort), requests::chart(effort), exporters::chart(effort), attributes::chart(effort)];
    charts.extend(threads::charts(effort));
    charts.extend(slow_backend::charts(effort));
    charts.retain(|chart| wanted.title.is_none_or(|title| chart.title.contains(title)));
    for curve in charts.iter_mut().flat_map(|chart| &mut chart.curves) {
        curve.points.retain(|point| wanted.x.is_none_or(|x| x == point.x));
    }
    for round in 0..effort.rounds.max(1) {
        progress(round);
        measure_round(&mut charts, &place, round)?;
    }
    Ok(charts)
}

impl GrowthArguments {
    fn effort(&self) -> Effort {
        let effort = if self.quick { Effort::QUICK } else { Effort::FULL };
        Effort { rounds: self.rounds.map_or(effort.rounds, usize::from), ..effort }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures mean nothing here, and nothing is said about them.
    #[test]
    fn every_chart_is_measured_told_and_drawn() {
        let charts = measure(Effort::QUICK, Wanted::default(), |_| {}).unwrap();
        assert_eq!(charts.len(), 8);
        for chart in &charts {
            let points = chart.curves.iter().flat_map(|curve| &curve.points);
            assert!(points.into_iter().all(|point| point.rounds.len() == 1 && point.rounds[0].is_finite()));
            let table = markdown(chart);
            assert_eq!(table.lines().filter(|line| line.starts_with('|')).count(), 2 + chart.xs().len(), "{table}");
        }
        let drawn = picture(&charts);
        let curves = |chart: &Chart| chart.curves.len() + usize::from(chart.ideal.is_some());
        assert_eq!(drawn.matches("class=\"curve").count(), 2 * charts.iter().map(curves).sum::<usize>());
        assert_eq!(drawn.matches('<').count(), drawn.matches('>').count());
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }

    #[test]
    fn one_chart_can_be_asked_for_by_a_word_of_its_title_and_one_point_by_its_x() {
        let wanted = Wanted { title: Some("application: speed"), x: Some(8) };
        let charts = measure(Effort::QUICK, wanted, |_| {}).unwrap();
        assert_eq!((charts.len(), charts[0].xs()), (1, vec![8]));
    }
}
