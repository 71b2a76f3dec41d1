//! The picture: how long recordings took, by percentile, with and without bad neighbours.
//!
//! Both axes are logarithmic: upwards time, to the right how rare.

use spangate_tests::Latencies;

use super::outcome::{Outcome, Row};
use crate::drawing::{Axis, Curve, LEGEND_LINE, MARGINS, Panel, Stroke, Tick, document, legend};

/// Of one panel, in pixels, axes included.
const PANEL: (f64, f64) = (440.0, 360.0);
/// How many rows of the table a line of the legend holds below one panel.
const LEGEND_ACROSS: usize = 3;
/// Percentiles with a line, as shares of one.
const PERCENTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 0.9999];
/// Points of a curve.
const POINTS: u32 = 160;

/// A document of its own, with one panel for each outcome.
pub(super) fn picture(outcomes: &[Outcome]) -> String {
    let width = PANEL.0 * outcomes.len().max(1) as f64;
    let rows: &[Row] = outcomes.first().map(|outcome| &*outcome.rows).unwrap_or_default();
    let across = LEGEND_ACROSS * outcomes.len().max(1);
    let height = PANEL.1 + LEGEND_LINE * (rows.len().div_ceil(across) + 1) as f64;
    let times = times(outcomes);
    let panels = outcomes.iter().enumerate();
    let mut body: String =
        panels.map(|(number, outcome)| panel(outcome, &times).draw(PANEL, (PANEL.0 * number as f64, 0.0))).collect();
    let entries = rows.iter().enumerate().map(|(at, row)| (stroke(at, rows.len()), row.neighbours.title));
    body += &legend(entries, across, (MARGINS.0 / 2.0, PANEL.1), (width - MARGINS.0) / across as f64);
    document((width, height), "How long recording a span takes, by percentile, beside bad exporters and without", &body)
}

/// Whole powers of ten around everything that is drawn, in nanoseconds.
fn times(outcomes: &[Outcome]) -> Axis {
    let times = outcomes.iter().flat_map(|outcome| &outcome.rows).map(Row::recordings).flat_map(|latencies| {
        let last = PERCENTILES[PERCENTILES.len() - 1];
        [PERCENTILES[0], last].map(|quantile| nanoseconds(&latencies, quantile))
    });
    let (least, most) = times.fold((1e4, 1e3), |(least, most): (f64, f64), time| (least.min(time), most.max(time)));
    let (lowest, highest) = (least.log10().floor() as i32, most.log10().ceil() as i32);
    let tick = |power: i32| Tick { at: 10_f64.powi(power), label: unit(power.into()) };
    Axis::logarithmic("time of one recording", (lowest..=highest).map(tick).collect())
}

/// Nines: how rare what is longer than the quantile is.
fn rarity(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

fn nanoseconds(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.at(quantile).as_nanos().max(1) as f64
}

fn panel(outcome: &Outcome, times: &Axis) -> Panel {
    let ticks = PERCENTILES.map(|share| Tick { at: rarity(share), label: (share * 100.0).to_string() });
    let count = outcome.rows.len();
    let curves = outcome.rows.iter().enumerate().map(|(at, row)| curve(row, stroke(at, count)));
    Panel {
        title: format!("Recording a span, {}", outcome.cores.title()),
        note: format!("{:.0} spans/s of ten attributes, each timed by itself", outcome.rate),
        x: Axis::linear("percentile of all recordings, %", ticks.to_vec()),
        y: times.clone(),
        curves: curves.collect(),
    }
}

fn curve(row: &Row, stroke: Stroke) -> Curve {
    let latencies = row.recordings();
    let (least, most) = (rarity(PERCENTILES[0]), rarity(PERCENTILES[PERCENTILES.len() - 1]));
    let point = |point: u32| {
        let rarity = least + (most - least) * f64::from(point) / f64::from(POINTS);
        (rarity, nanoseconds(&latencies, 1.0 - 10_f64.powf(-rarity)))
    };
    Curve { stroke, has_marks: false, points: (0..=POINTS).map(point).collect() }
}

/// The first row has nobody beside, the last once more; they have the colour of the text.
fn stroke(at: usize, rows: usize) -> Stroke {
    match at {
        0 => Stroke::class("none"),
        last if last + 1 == rows => Stroke::class("again"),
        at => Stroke::colour(at - 1),
    }
}

fn unit(power: f64) -> String {
    let (power, unit) = match power {
        few if few < 3.0 => (few, "ns"),
        some if some < 6.0 => (some - 3.0, "µs"),
        many if many < 9.0 => (many - 6.0, "ms"),
        more => (more - 9.0, "s"),
    };
    format!("{:.0} {unit}", 10_f64.powf(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rarer_has_more_nines_and_times_have_units() {
        assert!(PERCENTILES.windows(2).all(|pair| rarity(pair[0]) < rarity(pair[1])));
        assert!((rarity(0.999) - 3.0).abs() < 1e-9);
        let labels: Vec<_> = (2..=9).map(|power| unit(f64::from(power))).collect();
        assert_eq!(labels, ["100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]);
    }
}
