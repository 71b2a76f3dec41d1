//! The picture: a panel for each chart, two beside each other.

use super::chart::{Chart, Unit};
use crate::drawing::{Axis, Curve, LEGEND_LINE, MARGINS, Panel, Stroke, Tick, document, legend};

/// Of one panel, in pixels, axes included and the legend below not.
const PANEL: (f64, f64) = (440.0, 300.0);
const ACROSS: usize = 2;
/// Entries of a legend in one line, and lines of a legend: as many as the longest has, and a bit of air.
const LEGEND_ACROSS: usize = 2;
const LEGEND_LINES: f64 = 2.6;

/// A document of its own.
pub(super) fn picture(charts: &[Chart]) -> String {
    let height = PANEL.1 + LEGEND_LINE * LEGEND_LINES;
    let mut body = String::new();
    for (number, chart) in charts.iter().enumerate() {
        let (x, y) = (PANEL.0 * (number % ACROSS) as f64, height * (number / ACROSS) as f64);
        body += &panel(chart).draw(PANEL, (x, y));
        let entries = chart.curves.iter().enumerate().map(|(at, curve)| (Stroke::colour(at), curve.name));
        let entries = entries.chain(chart.ideal.map(|_| (Stroke::class("ideal"), "ideal")));
        let left = MARGINS.0 - 48.0;
        let step = (PANEL.0 - left) / LEGEND_ACROSS as f64;
        body += &legend(entries, LEGEND_ACROSS, (x + left, y + PANEL.1), step);
    }
    let size = (PANEL.0 * ACROSS as f64, height * charts.len().div_ceil(ACROSS) as f64);
    document(size, "How costs grow", &body)
}

fn panel(chart: &Chart) -> Panel {
    let mut curves: Vec<Curve> = Vec::new();
    if chart.ideal.is_some() {
        curves.push(Curve { stroke: Stroke::class("ideal"), has_marks: false, points: chart.ideal_points() });
    }
    for (at, curve) in chart.curves.iter().enumerate() {
        let points = curve.points.iter().map(|point| (f64::from(point.x), point.spread().median));
        curves.push(Curve { stroke: Stroke::colour(at), has_marks: true, points: points.collect() });
    }
    let ticks = chart.ticks.iter().map(|at| Tick { at: f64::from(*at), label: grouped(*at) }).collect();
    let begins_at_zero = chart.ticks.first() == Some(&0);
    let values: Vec<f64> = curves.iter().flat_map(|curve| &curve.points).map(|(_, y)| *y).collect();
    let values = values.into_iter();
    let (label, tell): (_, fn(f64) -> String) = match chart.y {
        Unit::Cost => ("CPU for a span", |value| round(value, Unit::Cost)),
        Unit::Rate => ("spans in a second", |value| round(value, Unit::Rate)),
    };
    Panel {
        title: chart.title.to_owned(),
        note: chart.note.to_owned(),
        x: if begins_at_zero { Axis::linear(chart.x, ticks) } else { Axis::logarithmic(chart.x, ticks) },
        y: if begins_at_zero { Axis::from_zero(label, values, tell) } else { Axis::around(label, values, tell) },
        curves,
    }
}

/// A round number in the unit that fits.
fn round(value: f64, unit: Unit) -> String {
    let (value, name) = match (unit, value) {
        (Unit::Cost, nanoseconds) if nanoseconds < 999.0 => (nanoseconds, "ns"),
        (Unit::Cost, nanoseconds) => (nanoseconds / 1e3, "µs"),
        (Unit::Rate, spans) if spans < 999e3 => (spans / 1e3, "k"),
        (Unit::Rate, spans) => (spans / 1e6, "M"),
    };
    format!("{} {name}", (value * 10.0).round() / 10.0)
}

/// With a comma before the last three digits.
fn grouped(number: u32) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", number / 1_000, number % 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([0, 999, 1_000, 8_192].map(grouped), ["0", "999", "1,000", "8,192"]);
        assert_eq!(
            [0.0, 500.0, 1e3, 2_500.0, 1e5].map(|at| round(at, Unit::Cost)),
            ["0 ns", "500 ns", "1 µs", "2.5 µs", "100 µs"]
        );
        assert_eq!([5e4, 1e6].map(|at| round(at, Unit::Rate)), ["50 k", "1 M"]);
    }
}
