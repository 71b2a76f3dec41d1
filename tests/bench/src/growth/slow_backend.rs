//! With calls at once to a backend that takes 100 ms for each request.

use std::time::Instant;

use super::{
    chart::{Chart, Curve, Unit},
    effort::Effort,
    path::{Options, Out, Path, Place, cost_of},
};
use crate::samples::BATCH;

const CONCURRENCIES: [u32; 4] = [1, 2, 4, 8];
/// Batches that each of the calls at once is for.
const TURNS: u32 = 4;

pub(super) fn charts(effort: Effort) -> [Chart; 2] {
    let chart = |title, note, y, measure: fn(&Place, u32) -> anyhow::Result<f64>, ideal| Chart {
        title,
        note,
        x: "concurrency",
        ticks: &CONCURRENCIES,
        y,
        curves: vec![Curve::over("otlp, sent", &effort.of(&CONCURRENCIES), |concurrency| {
            move |place| measure(place, concurrency)
        })],
        ideal,
    };
    [
        chart(
            "A backend that takes 100 ms for a request: speed",
            "spans delivered in a second, 512 in a request",
            Unit::Rate,
            rate,
            Some(|first, concurrency| first * concurrency),
        ),
        chart(
            "A backend that takes 100 ms for a request: cost",
            "CPU of all for a span, recorded to delivered",
            Unit::Cost,
            cost,
            None,
        ),
    ]
}

fn open(place: &Place, concurrency: u32) -> anyhow::Result<(Path, u32)> {
    let path = Path::open(place, &Options { concurrency, ..Options::default() }, &[Out::Slow])?;
    // Connections are there, and instances.
    path.burst(BATCH * concurrency, 10)?;
    Ok((path, BATCH * concurrency * TURNS))
}

fn rate(place: &Place, concurrency: u32) -> anyhow::Result<f64> {
    let (path, spans) = open(place, concurrency)?;
    let start = Instant::now();
    path.burst(spans, 10)?;
    Ok(f64::from(spans) / start.elapsed().as_secs_f64())
}

fn cost(place: &Place, concurrency: u32) -> anyhow::Result<f64> {
    let (path, spans) = open(place, concurrency)?;
    // Once is long enough.
    cost_of(Effort::QUICK, spans.into(), || path.burst(spans, 10))
}
