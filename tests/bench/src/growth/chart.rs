//! What is measured and drawn: charts of curves of points.

use super::path::Place;
use crate::statistics::Spread;

/// Measures a point once.
pub(super) type Measure = Box<dyn Fn(&Place) -> anyhow::Result<f64>>;

/// A diagram, and a table.
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// In a few words what is counted.
    pub(super) note: &'static str,
    /// What differs between the points of a curve.
    pub(super) x: &'static str,
    /// Which of these are told; the first and the last are the ends.
    pub(super) ticks: &'static [u32],
    pub(super) y: Unit,
    pub(super) curves: Vec<Curve>,
    /// What would be ideal, by the first value of the first curve and x.
    pub(super) ideal: Option<fn(f64, f64) -> f64>,
}

/// What is counted upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds for each span.
    Cost,
    /// Spans in each second.
    Rate,
}

/// Points that differ in one thing.
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) points: Vec<Point>,
}

/// One of them.
pub(super) struct Point {
    pub(super) x: u32,
    pub(super) measure: Measure,
    /// What each round came to.
    pub(super) rounds: Vec<f64>,
}

impl Curve {
    /// A point for each x.
    pub(super) fn over<M>(name: &'static str, xs: &[u32], measure: impl Fn(u32) -> M) -> Self
    where
        M: Fn(&Place) -> anyhow::Result<f64> + 'static,
    {
        let point = |x: &u32| Point { x: *x, measure: Box::new(measure(*x)), rounds: Vec::new() };
        Self { name, points: xs.iter().map(point).collect() }
    }
}

impl Point {
    /// Of at least one round.
    pub(super) fn spread(&self) -> Spread {
        Spread::of(self.rounds.clone())
    }
}

impl Chart {
    /// Every x of any curve, in order.
    pub(super) fn xs(&self) -> Vec<u32> {
        let mut xs: Vec<u32> = self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.x).collect();
        xs.sort_unstable();
        xs.dedup();
        xs
    }

    /// What would be ideal at each x.
    pub(super) fn ideal_points(&self) -> Vec<(f64, f64)> {
        let first = self.curves.first().and_then(|curve| curve.points.first()).map(|point| point.spread().median);
        let (Some(ideal), Some(first)) = (self.ideal, first) else { return Vec::new() };
        self.xs().into_iter().map(|x| (f64::from(x), ideal(first, f64::from(x)))).collect()
    }
}

/// Measures every point once, beginning with another one each round.
///
/// # Errors
/// If one fails.
pub(super) fn measure_round(charts: &mut [Chart], place: &Place, round: usize) -> anyhow::Result<()> {
    let mut points: Vec<&mut Point> =
        charts.iter_mut().flat_map(|chart| &mut chart.curves).flat_map(|curve| &mut curve.points).collect();
    let count = points.len();
    for turn in 0..count {
        // A step that shares no divisor with most counts: rounds begin far apart.
        let point = &mut points[(round * 37 + turn) % count];
        let value = (point.measure)(place)?;
        point.rounds.push(value);
    }
    Ok(())
}
