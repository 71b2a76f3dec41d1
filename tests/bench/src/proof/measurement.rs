//! Rounds: with nobody beside, with each bad neighbour, with all of them, and with nobody once more, in turn.

use std::time::Duration;

use super::{
    application::clock_alone,
    cores::Cores,
    neighbour::Neighbours,
    outcome::{Outcome, Row},
    scene::{Place, Scene, Stretch},
};

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Rounds, at least one.
    pub(super) rounds: usize,
    /// What is measured of each neighbour in a round.
    pub(super) stretch: Duration,
    /// Before that, unmeasured.
    pub(super) warm_up: Duration,
    /// What finding out how much the healthy exporter takes may take, and half of that before it.
    pub(super) saturation: Duration,
}

impl Effort {
    /// For figures to be believed.
    pub(super) const FULL: Self = Self {
        rounds: 15,
        stretch: Duration::from_secs(2),
        warm_up: Duration::from_millis(500),
        saturation: Duration::from_secs(4),
    };
    /// To see that everything runs.
    pub(super) const QUICK: Self = Self {
        rounds: 2,
        stretch: Duration::from_millis(300),
        warm_up: Duration::from_millis(100),
        saturation: Duration::from_millis(600),
    };
}

/// Measures on so many cores, and tells `progress` about each round.
///
/// # Errors
/// If an exporter does not start, or a span is unaccounted for.
pub(super) fn measure(cores: Cores, effort: Effort, progress: impl Fn(usize) + Send + Sync) -> anyhow::Result<Outcome> {
    cores.hold(|| {
        let place = Place::new()?;
        let saturation = saturation(&place, effort)?;
        // A neighbour matters where there is room: at saturation the exporter's own limits would hide it.
        let rate = saturation / 2.0;
        let mut rows: Vec<Row> = rows();
        let count = rows.len();
        for round in 0..effort.rounds.max(1) {
            progress(round);
            for turn in 0..count {
                // Each round starts with another one: none always comes in the wake of the same one.
                let row = &mut rows[(round + turn) % count];
                row.rounds.push(stretch(&place, &row.neighbours, rate, effort)?);
            }
        }
        Ok(Outcome { cores, effort, clock: clock_alone(), saturation, rate, rows })
    })
}

/// With nobody once more, at the end: how far apart two measurements of the same thing are.
fn rows() -> Vec<Row> {
    let again = Neighbours { title: "none, once more", ..Neighbours::ALL[0] };
    let all = Neighbours::ALL.into_iter().chain([again]);
    all.map(|neighbours| Row { neighbours, rounds: Vec::new() }).collect()
}

/// Spans that the healthy exporter delivers in a second if it is alone and there are always more.
fn saturation(place: &Place, effort: Effort) -> anyhow::Result<f64> {
    let scene = Scene::open(place, &Neighbours::ALL[0])?;
    let application = scene.application(1.0);
    // What it has saved of its share is used up first.
    scene.saturate(&application, effort.saturation / 2)?;
    let spans_per_second = scene.saturate(&application, effort.saturation)?;
    scene.close()?;
    anyhow::ensure!(spans_per_second > 0.0, "the healthy exporter delivers nothing");
    Ok(spans_per_second)
}

fn stretch(place: &Place, neighbours: &Neighbours, rate: f64, effort: Effort) -> anyhow::Result<Stretch> {
    let scene = Scene::open(place, neighbours)?;
    let application = scene.application(rate);
    scene.serve(&application, effort.warm_up)?;
    let stretch = scene.serve(&application, effort.stretch)?;
    scene.close()?;
    Ok(stretch)
}
