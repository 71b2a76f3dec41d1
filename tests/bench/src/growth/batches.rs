//! With the size of a batch.

use super::{
    chart::{Chart, Curve, Unit},
    effort::Effort,
    path::{Options, Out, Path},
};

/// Powers of two.
const SIZES: [u32; 14] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192];
/// Spans that are recorded at once: whole batches, and no more than wait for the collector at most.
const BURST: u32 = 8_192;
/// The same for batches of a few spans, of which there are many.
const SMALL_BURST: u32 = 2_048;

pub(super) fn chart(effort: Effort) -> Chart {
    let curve = |name: &'static str, out: Out| {
        Curve::over(name, &effort.of(&SIZES), |batch| {
            let burst = if batch < 16 { SMALL_BURST } else { BURST };
            move |place| {
                let options = Options { batch, ..Options::default() };
                Path::open(place, &options, &[out])?.cost(effort, burst, 10)
            }
        })
    };
    Chart {
        title: "Spans of a batch",
        note: "CPU of all for a span of ten attributes, recorded to delivered",
        x: "max_export_batch_size",
        ticks: &[1, 8, 32, 128, 512, 2_048, 8_192],
        y: Unit::Cost,
        curves: vec![
            curve("zipkin, sent", Out::Zipkin),
            curve("otlp, sent", Out::Otlp),
            curve("every field read", Out::Reader(0)),
        ],
        ideal: None,
    }
}
