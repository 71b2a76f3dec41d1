//! With the number of exporters.

use super::{
    chart::{Chart, Curve, Unit},
    effort::Effort,
    path::{Options, Out, Path},
};

const COUNTS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Spans that are recorded at once: what every exporter can hold, and no more.
const BURST: u32 = 4_096;

pub(super) fn chart(effort: Effort) -> Chart {
    let curve = |name: &'static str, out: fn(u32) -> Out| {
        Curve::over(name, &effort.of(&COUNTS), |count| {
            let outs: Vec<Out> = (0..count).map(out).collect();
            move |place| Ok(Path::open(place, &Options::default(), &outs)?.cost(effort, BURST, 10)? / f64::from(count))
        })
    };
    Chart {
        title: "Exporters",
        note: "CPU of all for a span and exporter, recorded to delivered",
        x: "exporters of one runtime",
        ticks: &[1, 2, 4, 8, 16, 32, 64],
        y: Unit::Cost,
        curves: vec![
            curve("otlp, one component", |_| Out::Otlp),
            curve("read, one component", |_| Out::Reader(0)),
            curve("read, all different", Out::Reader),
        ],
        ideal: None,
    }
}
