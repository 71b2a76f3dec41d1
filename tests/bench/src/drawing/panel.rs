//! One diagram: a title, two axes, and the curves between them.

use std::fmt::Write;

use super::{axis::Axis, curve::Curve};

/// Around what is drawn in a panel, in pixels: left, top, right, bottom.
pub(crate) const MARGINS: (f64, f64, f64, f64) = (72.0, 56.0, 24.0, 52.0);
/// Of the mark of a point, in pixels.
const MARK_RADIUS: f64 = 2.4;

/// One diagram.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) title: String,
    /// A second line, fainter.
    pub(crate) note: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// The first one lies below the others.
    pub(crate) curves: Vec<Curve>,
}

/// Where things are, in pixels.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Panel {
    /// Drawn so large, its upper left corner at `(x, y)`.
    pub(crate) fn draw(&self, (width, height): (f64, f64), (x, y): (f64, f64)) -> String {
        let frame = Frame { left: MARGINS.0, right: width - MARGINS.2, top: MARGINS.1, bottom: height - MARGINS.3 };
        let mut out = format!(
            "<g transform=\"translate({x} {y})\">\n<text class=\"title\" x=\"{left}\" y=\"22\">{}</text>\n\
             <text class=\"faint\" x=\"{left}\" y=\"40\">{}</text>\n",
            self.title,
            self.note,
            left = frame.left
        );
        self.draw_x(&mut out, &frame);
        self.draw_y(&mut out, &frame);
        self.curves.iter().for_each(|curve| self.draw_curve(&mut out, &frame, curve));
        out + "</g>\n"
    }

    fn draw_x(&self, out: &mut String, frame: &Frame) {
        let Frame { left, right, top, bottom } = frame;
        for tick in &self.x.ticks {
            let x = frame.x(&self.x, tick.at);
            let _ = writeln!(out, "<path class=\"rule\" d=\"M{x:.1} {top}V{bottom}\"/>");
            if !tick.label.is_empty() {
                let (y, label) = (bottom + 18.0, &tick.label);
                let _ = writeln!(out, "<text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{y}\">{label}</text>");
            }
        }
        let (middle, y, label) = ((left + right) / 2.0, bottom + 38.0, &self.x.label);
        let _ = writeln!(out, "<text class=\"faint\" text-anchor=\"middle\" x=\"{middle}\" y=\"{y}\">{label}</text>");
    }

    fn draw_y(&self, out: &mut String, frame: &Frame) {
        let Frame { left, right, top, bottom } = frame;
        for tick in &self.y.ticks {
            let (x, y) = (left - 6.0, frame.y(&self.y, tick.at));
            let _ = writeln!(out, "<path class=\"rule\" d=\"M{left} {y:.1}H{right}\"/>");
            if !tick.label.is_empty() {
                let (y, label) = (y + 4.0, &tick.label);
                let _ = writeln!(out, "<text text-anchor=\"end\" x=\"{x}\" y=\"{y:.1}\">{label}</text>");
            }
        }
        let (middle, label) = ((top + bottom) / 2.0, &self.y.label);
        let _ = writeln!(
            out,
            "<text class=\"faint\" text-anchor=\"middle\" transform=\"translate(16 {middle}) rotate(-90)\">{label}</text>"
        );
    }

    fn draw_curve(&self, out: &mut String, frame: &Frame, curve: &Curve) {
        let places: Vec<_> = curve.points.iter().map(|(x, y)| (frame.x(&self.x, *x), frame.y(&self.y, *y))).collect();
        let mut path = String::new();
        for (number, (x, y)) in places.iter().enumerate() {
            let step = if number == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{step}{x:.1} {y:.1}");
        }
        let _ = writeln!(out, "<path {} d=\"{path}\"/>", curve.stroke.attributes());
        let colour = curve.stroke.colour.filter(|_| curve.has_marks);
        for ((x, y), colour) in places.iter().zip(colour.iter().cycle()) {
            let _ = writeln!(out, "<circle fill=\"{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{MARK_RADIUS}\"/>");
        }
    }
}

impl Frame {
    fn x(&self, axis: &Axis, value: f64) -> f64 {
        self.left + axis.share(value) * (self.right - self.left)
    }

    fn y(&self, axis: &Axis, value: f64) -> f64 {
        self.bottom - axis.share(value) * (self.bottom - self.top)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{axis::Tick, curve::Stroke};
    use super::*;

    #[test]
    fn what_is_more_is_further_right_and_higher() {
        let ticks = |values: [f64; 2]| values.map(|at| Tick { at, label: at.to_string() }).to_vec();
        let panel = Panel {
            title: "title".to_owned(),
            note: "note".to_owned(),
            x: Axis::linear("x", ticks([0.0, 10.0])),
            y: Axis::logarithmic("y", ticks([1.0, 100.0])),
            curves: vec![Curve {
                stroke: Stroke::colour(0),
                has_marks: true,
                points: vec![(0.0, 1.0), (5.0, 10.0), (10.0, 100.0)],
            }],
        };
        let (right, bottom) = (200.0 + MARGINS.0, 100.0 + MARGINS.1);
        let drawn = panel.draw((right + MARGINS.2, bottom + MARGINS.3), (7.0, 8.0));
        assert!(drawn.starts_with("<g transform=\"translate(7 8)\">"));
        assert!(drawn.contains("d=\"M72.0 156.0L172.0 106.0L272.0 56.0\""), "{drawn}");
        assert_eq!(drawn.matches("<circle").count(), 3);
    }
}
