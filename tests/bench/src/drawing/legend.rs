//! Which curve is what.

use std::fmt::Write;

use super::curve::Stroke;

/// Height of one line, in pixels.
pub(crate) const LEGEND_LINE: f64 = 22.0;
/// Of a sample of a curve, and what is between it and its text.
const SAMPLE: (f64, f64) = (22.0, 6.0);

/// Entries from left to right, so many in a line, from the corner at `(left, top)`, each so wide.
pub(crate) fn legend<'a>(
    entries: impl Iterator<Item = (Stroke, &'a str)>,
    across: usize,
    (left, top): (f64, f64),
    step: f64,
) -> String {
    let mut out = String::new();
    for (at, (stroke, title)) in entries.enumerate() {
        let (x, y) = (left + step * (at % across) as f64, top + LEGEND_LINE * ((at / across) as f64 + 0.7));
        let _ = writeln!(out, "<path {} d=\"M{x:.1} {y}h{}\"/>", stroke.attributes(), SAMPLE.0);
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{}\">{title}</text>", x + SAMPLE.0 + SAMPLE.1, y + 4.0);
    }
    out
}
