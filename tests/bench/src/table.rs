//! What was measured, for a person and for a program.

use std::fmt::Write;

use serde_json::json;

use crate::rounds::Measured;

/// A table of at most 100 columns.
pub(crate) fn table(measured: &[Measured]) -> String {
    let mut out = String::new();
    let mut group = "";
    for one in measured {
        if one.group != group {
            group = one.group;
            let _ = writeln!(out, "\n{group}");
            let heads = format!("  {:<40} {:>9}  {:<10} {:>15} {:>7}  target", "", "median", "", "p10 .. p90", "");
            let _ = writeln!(out, "{heads}");
        }
        let line = line(one);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

fn line(one: &Measured) -> String {
    let spread = format!("{} .. {}", number(one.spread.p10), number(one.spread.p90));
    let ratio = one.ratio.map(|ratio| format!("{ratio:.2}x")).unwrap_or_default();
    let median = number(one.spread.median);
    let figure = &one.figure;
    format!("  {:<40} {median:>9}  {:<10} {spread:>15} {ratio:>7}  {:<9}", figure.name, figure.unit, figure.target)
}

/// Three digits or more, no exponent.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

/// The same the other way round, of what is CPU time for a span.
fn spans_per_core_second(one: &Measured) -> Option<f64> {
    (one.figure.unit == "ns/span").then(|| (1e9 / one.spread.median).round())
}

/// One JSON object per line and figure.
pub(crate) fn json_lines(measured: &[Measured]) -> String {
    let lines = measured.iter().map(|one| {
        let line = json!({
            "group": one.group, "name": one.figure.name, "unit": one.figure.unit, "median": one.spread.median,
            "p10": one.spread.p10, "p90": one.spread.p90, "ratio": one.ratio, "target": one.figure.target,
            "rounds": one.rounds, "spans_per_core_second": spans_per_core_second(one),
        });
        format!("{line}\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Figure, statistics::Spread};

    fn measured(median: f64) -> Measured {
        let spread = Spread { median, p10: median / 2.0, p90: median * 2.0 };
        let figure = Figure::new("every column, checksum of every field", "ns/span").target("<= 1.45x");
        Measured { group: "crossing", figure, spread, ratio: Some(1.5), rounds: 3 }
    }

    #[test]
    fn a_line_fits_a_terminal_whatever_the_number() {
        for median in [0.123, 12.3, 123_456.0] {
            assert!(table(&[measured(median)]).lines().all(|line| line.len() <= 100), "{}", table(&[measured(median)]));
        }
        assert!(table(&[measured(145.2)]).contains("145  ns/span"));
    }

    #[test]
    fn a_program_reads_a_line_per_figure() {
        let lines = json_lines(&[measured(1.0), measured(2.0)]);
        let values: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((values.len(), &values[1]["median"]), (2, &json!(2.0)));
        assert_eq!(values[1]["spans_per_core_second"], json!(5e8));
    }
}
