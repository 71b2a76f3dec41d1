//! The picture: how long recordings took, by percentile, with and without bad neighbours. SVG, written by hand.
//!
//! Both axes are logarithmic: upwards time, to the right how rare. It carries its own background, one for light surroundings
//! and one for dark ones, and the colours are those of Okabe and Ito, which people tell apart who do not see all colours.

use std::fmt::Write;

use spangate_tests::Latencies;

use super::outcome::{Outcome, Row};

/// Of one panel, in pixels, axes included.
const PANEL: (f64, f64) = (440.0, 360.0);
/// Around what is drawn in a panel: left, top, right, bottom.
const MARGINS: (f64, f64, f64, f64) = (62.0, 56.0, 26.0, 52.0);
/// Of one line of the legend below the panels, and how many rows of the table a line holds below one panel.
const LEGEND_LINE: f64 = 22.0;
const LEGEND_ACROSS: usize = 3;
/// Percentiles with a line, as shares of one.
const PERCENTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 0.9999];
/// Points of a curve.
const POINTS: u32 = 160;
/// One for each neighbour. With nobody beside, a curve has the colour of the text.
const COLOURS: [&str; 7] = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#8c8c8c", "#d55e00"];

/// No variables, which not every program that draws knows.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:13px}\
    .faint{fill:#59636e}.back{fill:#ffffff}.rule{stroke:#d1d9e0;stroke-width:1}\
    .curve{fill:none;stroke-width:1.6;stroke-linejoin:round}\
    .none{stroke:#1f2328;stroke-width:3.2}.again{stroke:#1f2328;stroke-dasharray:2 3}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.faint{fill:#9198a1}.back{fill:#0d1117}\
    .rule{stroke:#3d444d}.none,.again{stroke:#f0f6fc}}";

/// A document of its own, with one panel for each outcome.
pub(super) fn picture(outcomes: &[Outcome]) -> String {
    let width = PANEL.0 * outcomes.len().max(1) as f64;
    let rows: &[Row] = outcomes.first().map(|outcome| &*outcome.rows).unwrap_or_default();
    let across = LEGEND_ACROSS * outcomes.len().max(1);
    let height = PANEL.1 + LEGEND_LINE * (rows.len().div_ceil(across) + 1) as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>How long recording a span takes, by percentile, beside bad \
         exporters and without</title>\n<style>{STYLE}</style>\n\
         <rect class=\"back\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\n"
    );
    let scale = Scale::of(outcomes);
    for (number, outcome) in outcomes.iter().enumerate() {
        let _ =
            write!(out, "<g transform=\"translate({} 0)\">\n{}</g>\n", PANEL.0 * number as f64, panel(outcome, &scale));
    }
    out + &legend(rows, across, width) + "</svg>\n"
}

/// From percentiles and nanoseconds to pixels of a panel.
struct Scale {
    /// Powers of ten.
    lowest: f64,
    highest: f64,
}

impl Scale {
    /// Whole powers of ten around everything that is drawn.
    fn of(outcomes: &[Outcome]) -> Self {
        let times = outcomes.iter().flat_map(|outcome| &outcome.rows).map(Row::recordings).flat_map(|latencies| {
            let last = PERCENTILES[PERCENTILES.len() - 1];
            [PERCENTILES[0], last].map(|quantile| nanoseconds(&latencies, quantile))
        });
        let (least, most) = times.fold((1e4, 1e3), |(least, most): (f64, f64), time| (least.min(time), most.max(time)));
        Self { lowest: least.log10().floor(), highest: most.log10().ceil() }
    }

    /// Nines behind the point: how rare what is longer than the quantile is.
    fn x(quantile: f64) -> f64 {
        let rarity = |quantile: f64| -(1.0 - quantile).log10();
        let (first, last) = (rarity(PERCENTILES[0]), rarity(PERCENTILES[PERCENTILES.len() - 1]));
        MARGINS.0 + (rarity(quantile) - first) / (last - first) * (PANEL.0 - MARGINS.0 - MARGINS.2)
    }

    fn y(&self, nanoseconds: f64) -> f64 {
        let share = (nanoseconds.max(1.0).log10() - self.lowest) / (self.highest - self.lowest).max(1.0);
        PANEL.1 - MARGINS.3 - share * (PANEL.1 - MARGINS.1 - MARGINS.3)
    }
}

fn nanoseconds(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.at(quantile).as_nanos().max(1) as f64
}

fn panel(outcome: &Outcome, scale: &Scale) -> String {
    let (left, right) = (MARGINS.0, PANEL.0 - MARGINS.2);
    let (top, bottom) = (MARGINS.1, PANEL.1 - MARGINS.3);
    let mut out = format!(
        "<text class=\"title\" x=\"{left}\" y=\"22\">Recording a span, {}</text>\n\
         <text class=\"faint\" x=\"{left}\" y=\"40\">{:.0} spans/s of ten attributes, each timed by itself</text>\n",
        outcome.cores.title(),
        outcome.rate
    );
    for percentile in PERCENTILES {
        let (x, label) = (Scale::x(percentile), percentile * 100.0);
        let _ = writeln!(out, "<path class=\"rule\" d=\"M{x:.1} {top}V{bottom}\"/>");
        let _ = writeln!(out, "<text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{}\">{label}</text>", bottom + 18.0);
    }
    let mut power = scale.lowest;
    while power <= scale.highest {
        let y = scale.y(10_f64.powf(power));
        let _ = writeln!(out, "<path class=\"rule\" d=\"M{left} {y:.1}H{right}\"/>");
        let _ =
            writeln!(out, "<text text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">{}</text>", left - 6.0, y + 4.0, unit(power));
        power += 1.0;
    }
    let _ = writeln!(
        out,
        "<text class=\"faint\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">percentile of all recordings, %</text>",
        (left + right) / 2.0,
        bottom + 38.0
    );
    let middle = (top + bottom) / 2.0;
    let _ = writeln!(
        out,
        "<text class=\"faint\" text-anchor=\"middle\" transform=\"translate(14 {middle}) rotate(-90)\">time of one recording\
         </text>"
    );
    // The first one is the widest and lies below the others.
    for (at, row) in outcome.rows.iter().enumerate() {
        let _ = writeln!(out, "<path class=\"curve{}\" {} d=\"{}\"/>", class(at), stroke(at), curve(row, scale));
    }
    out
}

fn curve(row: &Row, scale: &Scale) -> String {
    let latencies = row.recordings();
    let (first, last) = (PERCENTILES[0], PERCENTILES[PERCENTILES.len() - 1]);
    let rarest = -(1.0 - last).log10();
    let least = -(1.0 - first).log10();
    let points = (0..=POINTS).map(|point| {
        let rarity = least + (rarest - least) * f64::from(point) / f64::from(POINTS);
        1.0 - 10_f64.powf(-rarity)
    });
    let mut out = String::new();
    for (number, quantile) in points.enumerate() {
        let step = if number == 0 { 'M' } else { 'L' };
        let _ = write!(out, "{step}{:.1} {:.1}", Scale::x(quantile), scale.y(nanoseconds(&latencies, quantile)));
    }
    out
}

fn legend(rows: &[Row], across: usize, width: f64) -> String {
    let step = (width - MARGINS.0) / across as f64;
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        let (x, y) =
            (MARGINS.0 / 2.0 + step * (at % across) as f64, PANEL.1 + LEGEND_LINE * ((at / across) as f64 + 0.7));
        let (class, stroke, title) = (class(at), stroke(at), row.neighbours.title);
        let _ = writeln!(out, "<path class=\"curve{class}\" {stroke} d=\"M{x:.1} {y}h22\"/>");
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{}\">{title}</text>", x + 28.0, y + 4.0);
    }
    out
}

/// The first row has nobody beside, the last once more.
fn class(at: usize) -> &'static str {
    match at {
        0 => " none",
        at if at > COLOURS.len() => " again",
        _ => "",
    }
}

fn stroke(at: usize) -> String {
    let colour = at.checked_sub(1).and_then(|at| COLOURS.get(at));
    colour.map(|colour| format!("stroke=\"{colour}\"")).unwrap_or_default()
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
    fn rarer_is_further_right_and_longer_is_higher() {
        let scale = Scale { lowest: 2.0, highest: 6.0 };
        assert!(PERCENTILES.windows(2).all(|pair| Scale::x(pair[0]) < Scale::x(pair[1])));
        assert!((Scale::x(0.5) - MARGINS.0).abs() < 1e-9);
        assert!((scale.y(100.0) - (PANEL.1 - MARGINS.3)).abs() < 1e-9);
        assert!((scale.y(1e6) - MARGINS.1).abs() < 1e-9);
        let labels: Vec<_> = (2..=9).map(|power| unit(f64::from(power))).collect();
        assert_eq!(labels, ["100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]);
    }
}
