//! Rounds: every case of a group in turn, over and over, so that what disturbs one disturbs all.

use std::time::{Duration, Instant};

use crate::{
    case::{Case, Figure, Group},
    statistics::{Spread, median},
};

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Rounds, at least one; one more warms up.
    pub(crate) rounds: usize,
    /// Wall time that one case takes in one round, about.
    pub(crate) time_per_case: Duration,
}

impl Effort {
    /// For figures to be believed.
    pub(crate) const FULL: Self = Self { rounds: 51, time_per_case: Duration::from_millis(20) };
    /// To see that everything runs.
    pub(crate) const QUICK: Self = Self { rounds: 3, time_per_case: Duration::from_millis(1) };
}

/// A figure that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) group: &'static str,
    pub(crate) figure: Figure,
    /// Over the rounds.
    pub(crate) spread: Spread,
    /// Times the group's base in the same unit: the median of the rounds' ratios. None without a base.
    pub(crate) ratio: Option<f64>,
    pub(crate) rounds: usize,
}

/// A figure and its value in each round.
struct Series {
    figure: Figure,
    values: Vec<f64>,
}

/// Measures a group.
///
/// # Errors
/// If a case fails.
pub(crate) fn measure(group: &mut Group, effort: Effort) -> anyhow::Result<Vec<Measured>> {
    let mut times = Vec::new();
    for case in &mut group.cases {
        times.push(calibrate(case, effort.time_per_case)?);
    }
    let mut values = vec![Vec::new(); group.cases.len()];
    let count = group.cases.len();
    for round in 0..effort.rounds.max(1) {
        for turn in 0..count {
            // Each round starts with another case: none always runs in the wake of the same one.
            let at = (round + turn) % count;
            values[at].push(group.cases[at].run(times[at])?);
        }
    }
    let series: Vec<Series> =
        group.cases.iter().zip(values).flat_map(|(case, rounds)| series_of(case, &rounds)).collect();
    Ok(series.iter().map(|one| summarise(group.title, one, &series)).collect())
}

/// How often a case runs in a round; the run that tells it warms up, too.
fn calibrate(case: &mut Case, time: Duration) -> anyhow::Result<u32> {
    const MOST: f64 = 1e6;
    case.run(1)?;
    let start = Instant::now();
    case.run(1)?;
    let once = start.elapsed().as_secs_f64().max(1e-9);
    Ok((time.as_secs_f64() / once).clamp(1.0, MOST) as u32)
}

fn series_of(case: &Case, rounds: &[Vec<f64>]) -> Vec<Series> {
    let of = |at: usize| rounds.iter().map(|values| values[at]).collect();
    case.figures.iter().enumerate().map(|(at, figure)| Series { figure: figure.clone(), values: of(at) }).collect()
}

fn summarise(group: &'static str, series: &Series, all: &[Series]) -> Measured {
    let base = all.iter().find(|other| other.figure.is_base && other.figure.unit == series.figure.unit);
    let ratio = base.map(|base| {
        let ratios = series.values.iter().zip(&base.values).map(|(value, base)| value / base);
        median(ratios.collect())
    });
    Measured {
        group,
        figure: series.figure.clone(),
        spread: Spread::of(series.values.clone()),
        ratio,
        rounds: series.values.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(name: &str, mut next: f64) -> Case {
        Case::one(Figure::new(name, "ns"), move |_| {
            next += 1.0;
            Ok(next)
        })
    }

    #[test]
    fn figures_are_medians_of_rounds_and_ratios_are_taken_round_by_round() {
        let mut base = counting("base", 0.0);
        base.figures[0].is_base = true;
        let mut group = Group { title: "group", cases: vec![counting("twice", 10.0), base] };
        let effort = Effort { rounds: 3, time_per_case: Duration::ZERO };
        let measured = measure(&mut group, effort).unwrap();
        // Two runs calibrate; three remain: 13, 14, 15 over 3, 4, 5.
        assert_eq!((measured[0].spread.median, measured[0].ratio), (14.0, Some(3.5)));
        assert_eq!((measured[1].spread.median, measured[1].ratio), (4.0, Some(1.0)));
    }

    #[test]
    fn a_case_that_fails_ends_the_measurement() {
        let fails = Case::one(Figure::new("fails", "ns"), |_| anyhow::bail!("no"));
        assert!(measure(&mut Group { title: "group", cases: vec![fails] }, Effort::QUICK).is_err());
    }
}
