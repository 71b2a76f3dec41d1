//! With the size of a request that comes in over a network.

use spangate_tests::free_port;

use super::{
    chart::{Chart, Curve, Unit},
    effort::Effort,
    path::{Options, Out, Path, Place, builder, cost_of},
};
use crate::{
    samples::{BATCH, recorded},
    sender::Sender,
};

/// Powers of two.
const SIZES: [u32; 14] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192];
/// Spans that are sent before everything is waited for; more of those that come in few requests.
const FEW: u32 = 1_024;
const MANY: u32 = 8_192;

pub(super) fn chart(effort: Effort) -> Chart {
    let curve = |name: &'static str, out: Out| {
        Curve::over(name, &effort.of(&SIZES), |spans| move |place| forwarded(place, effort, out, spans))
    };
    Chart {
        title: "Spans of a request received",
        note: "CPU of all for a span, OTLP over HTTP in to delivered",
        x: "spans of a request",
        ticks: &[1, 8, 32, 128, 512, 2_048, 8_192],
        y: Unit::Cost,
        curves: vec![curve("zipkin, sent", Out::Zipkin), curve("otlp, sent", Out::Otlp)],
        ideal: None,
    }
}

fn forwarded(place: &Place, effort: Effort, out: Out, spans: u32) -> anyhow::Result<f64> {
    let port = free_port();
    let receiver = format!("[receivers.otlp_http]\nlisten = \"127.0.0.1:{port}\"\n");
    let path = Path::start(builder(place, &Options::default(), &[out], &receiver)?)?;
    let mut sender = Sender::connect(port, &request(spans))?;
    let requests = (if spans < 16 { FEW } else { MANY }) / spans;
    cost_of(effort, u64::from(requests * spans), || {
        (0..requests).try_for_each(|_| sender.send())?;
        path.deliver()
    })
}

/// Messages of protobuf are joined by writing one behind the other: a part of 512 spans, and as many of it as there are
/// to be.
fn request(spans: u32) -> Vec<u8> {
    let part = recorded(spans.min(BATCH)).otlp();
    part.repeat((spans / BATCH).max(1) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_as_many_spans_as_it_should() {
        for spans in [1, 2, 256, 512, 1_024, 8_192] {
            assert_eq!(crate::samples::scan(request(spans).into()).unwrap().rows(), spans);
        }
    }
}
