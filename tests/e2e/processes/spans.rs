//! A runtime that sends to a collector, and what arrived there.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use spangate::Runtime;
use spangate_tests::Collector;

/// A runtime with the sandboxed exporter `otlp`.
pub(crate) fn start(url: &str) -> Runtime {
    let text = format!(
        "[batch]\nschedule_delay = \"20ms\"\n[exporters.otlp]\ncomponent = \"builtin:otlp\"\n\
         grants.http.allow = [\"{url}\"]\nsettings.endpoint = \"{url}\"\n"
    );
    Runtime::from_toml(text).start().unwrap_or_else(|error| panic!("{error}"))
}

/// A span that arrived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrived {
    pub(crate) name: String,
    pub(crate) trace_id: Vec<u8>,
    pub(crate) span_id: Vec<u8>,
}

/// Every span that arrived, sorted; one that arrived twice is there twice.
pub(crate) fn arrived(collector: &Collector) -> Vec<Arrived> {
    let requests = collector.received().into_iter().map(|received| {
        ExportTraceServiceRequest::decode(received.body).expect("what the exporter sends can be decoded")
    });
    let scopes = requests.flat_map(|request| request.resource_spans).flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans);
    let mut all: Vec<Arrived> =
        spans.map(|span| Arrived { name: span.name, trace_id: span.trace_id, span_id: span.span_id }).collect();
    all.sort();
    all
}
