//! What it costs to check a request and to turn a batch from one form into another, and the same by generated code.

use std::hint::black_box;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use spangate_core::{otlp, signal::Signal};

use crate::{
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, thread_cpu_of},
    samples::{BATCH, recorded, scan},
};

const UNIT: &str = "ns/span";

/// All groups.
///
/// # Errors
/// If the samples are not valid OTLP.
pub(crate) fn groups() -> anyhow::Result<Vec<Group>> {
    let bytes = recorded(BATCH).otlp();
    let message = ExportTraceServiceRequest::decode(bytes.clone())?;
    let request = scan(bytes.clone())?;
    let columns = request.decode();
    let (for_json, for_scan, for_prost) = (columns.clone(), bytes.clone(), bytes);
    let cases = vec![
        view(Figure::new("scan: check and index OTLP bytes", UNIT), move || scan(for_scan.clone())),
        view(Figure::new("OTLP bytes to columns", UNIT), move || request.decode()),
        view(Figure::new("columns to OTLP bytes", UNIT), move || otlp::encode(Signal::Spans, &columns)),
        view(Figure::new("columns to OTLP JSON", UNIT), move || otlp::encode_json(Signal::Spans, &for_json)),
        view(Figure::new("prost: decode and drop", UNIT).base(), move || {
            ExportTraceServiceRequest::decode(for_prost.clone())
        }),
        view(Figure::new("prost: encode", UNIT), move || message.encode_to_vec()),
    ];
    Ok(vec![Group { title: "views of 512 spans with 10 attributes and an event: CPU", cases }])
}

/// Makes a view and drops it.
fn view<T>(figure: Figure, make: impl Fn() -> T + 'static) -> Case {
    Case::one(figure, move |times| {
        let cpu = thread_cpu_of(|| (0..times).for_each(|_| drop(black_box(make()))));
        Ok(nanoseconds_each(cpu, u64::from(times) * u64::from(BATCH)))
    })
}
