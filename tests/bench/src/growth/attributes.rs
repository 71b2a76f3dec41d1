//! With the number of attributes of a span.

use spangate_core::sampler::AlwaysOn;

use super::{
    chart::{Chart, Curve, Unit},
    effort::Effort,
    path::{Options, Out, Path},
    spans::{MOST, record_with},
};
use crate::{
    cpu::{nanoseconds_each, thread_cpu_of},
    samples::recorder,
};

const COUNTS: [u32; 9] = [0, 2, 4, 8, 16, 24, 32, 48, MOST];
/// Spans that are recorded at once.
const BURST: u32 = 4_096;

pub(super) fn chart(effort: Effort) -> Chart {
    let curve = |name: &'static str, out: Out| {
        Curve::over(name, &effort.of(&COUNTS), |attributes| {
            move |place| Path::open(place, &Options::default(), &[out])?.cost(effort, BURST, attributes)
        })
    };
    let recording = Curve::over("recording alone", &effort.of(&COUNTS), |attributes| move |_| recorded(attributes));
    Chart {
        title: "Attributes of a span",
        note: "CPU of all for a span, recorded to delivered",
        x: "attributes",
        ticks: &[0, 8, 16, 24, 32, 48, 64],
        y: Unit::Cost,
        curves: vec![
            curve("zipkin, sent", Out::Zipkin),
            curve("otlp, sent", Out::Otlp),
            curve("every field read", Out::Reader(0)),
            recording,
        ],
        ideal: None,
    }
}

/// What the recording thread pays for a span.
fn recorded(attributes: u32) -> anyhow::Result<f64> {
    const BURSTS: u64 = 8;
    let (intake, tracer) = recorder(AlwaysOn);
    let burst = || {
        let cpu = thread_cpu_of(|| (0..BURST).for_each(|_| record_with(&tracer, attributes)));
        drop(intake.take_all());
        cpu
    };
    burst();
    let cpu = (0..BURSTS).map(|_| burst()).sum();
    Ok(nanoseconds_each(cpu, BURSTS * u64::from(BURST)))
}
