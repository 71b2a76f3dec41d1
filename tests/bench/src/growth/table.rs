//! Tables, as Markdown that is readable as it stands.

use std::fmt::Write;

use super::chart::{Chart, Curve, Unit};
use crate::markdown::aligned;

/// One table, and how far apart rounds were.
pub(super) fn markdown(chart: &Chart) -> String {
    let mut out = format!("\n{} ({})\n\n", chart.title, chart.note);
    let ideal = chart.ideal_points();
    let heads = [chart.x].into_iter().chain(chart.curves.iter().map(|curve| curve.name));
    let mut lines: Vec<Vec<String>> = vec![heads.chain(chart.ideal.map(|_| "ideal")).map(str::to_owned).collect()];
    for (row, x) in chart.xs().into_iter().enumerate() {
        let cells = chart.curves.iter().map(|curve| cell(curve, x, chart.y));
        let ideal = ideal.get(row).map(|(_, y)| tell(*y, chart.y));
        lines.push([x.to_string()].into_iter().chain(cells).chain(ideal).collect());
    }
    out += &aligned(&lines);
    let _ = writeln!(out, "\nFour fifths of the rounds lie within {:.0} % of these.", widest(chart) * 100.0);
    out
}

fn cell(curve: &Curve, x: u32, unit: Unit) -> String {
    let point = curve.points.iter().find(|point| point.x == x);
    point.map(|point| tell(point.spread().median, unit)).unwrap_or_default()
}

/// Of the point whose rounds were furthest apart, as a share of its median.
fn widest(chart: &Chart) -> f64 {
    let points = chart.curves.iter().flat_map(|curve| &curve.points).map(|point| {
        let spread = point.spread();
        (spread.p90 - spread.median).max(spread.median - spread.p10) / spread.median
    });
    points.fold(0.0, f64::max)
}

/// Three digits or more, with a unit.
pub(super) fn tell(value: f64, unit: Unit) -> String {
    match (unit, value) {
        (Unit::Cost, nanoseconds) if nanoseconds < 1e4 => format!("{nanoseconds:.0} ns"),
        (Unit::Cost, nanoseconds) => format!("{:.1} µs", nanoseconds / 1e3),
        (Unit::Rate, spans) if spans < 1e6 => format!("{:.1} k/s", spans / 1e3),
        (Unit::Rate, spans) => format!("{:.2} M/s", spans / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_line_for_each_x_and_cells_as_wide_as_their_heads() {
        let mut first = Curve::over("first", &[1, 10], |_| |_: &_| Ok(0.0));
        first.points[0].rounds = vec![90.0, 100.0, 200.0];
        first.points[1].rounds = vec![20_000.0];
        let mut second = Curve::over("second", &[10], |_| |_: &_| Ok(0.0));
        second.points[0].rounds = vec![3.0];
        let chart = Chart {
            title: "title",
            note: "note",
            x: "x",
            ticks: &[1, 10],
            y: Unit::Cost,
            curves: vec![first, second],
            ideal: Some(|first, x| first * x),
        };
        let expected = "\ntitle (note)\n\n\
                        | x  |   first | second |   ideal |\n\
                        | -- | ------: | -----: | ------: |\n\
                        | 1  |  100 ns |        |  100 ns |\n\
                        | 10 | 20.0 µs |   3 ns | 1000 ns |\n\
                        \nFour fifths of the rounds lie within 100 % of these.\n";
        assert_eq!(markdown(&chart), expected);
    }
}
