//! Nothing of OTLP is lost on the way through: what goes into the receiver comes out of the exporter, field by field.

use anyhow::Result;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    trace::v1::Span,
};
use prost::Message;
use spangate_tests::{Collector, Ports, Spangate, Status, exporter_to, guest, post, samples, wait_until};

struct Path {
    spangate: Spangate,
    receiver: String,
    admin: u16,
    sink: Collector,
}

impl Path {
    /// OTLP in, the component, and a collector at the other end.
    fn through(component: &str, batch: &str) -> Result<Self> {
        let sink = Collector::start();
        let ports = Ports::free();
        let config = format!(
            r#"
            {tables}
            [batch]
            schedule_delay = "50ms"
            {batch}
            {out}
            "#,
            tables = ports.tables(),
            out = exporter_to(&sink.url(), "out", component),
        );
        let Ports { http, admin } = ports;
        let spangate = Spangate::run(&config, admin)?;
        Ok(Self { spangate, receiver: format!("http://127.0.0.1:{http}"), admin, sink })
    }

    fn send(&self, path: &str, content_type: &str, body: &[u8]) -> Result<()> {
        let (status, answer) = post(&format!("{}{path}", self.receiver), &[("content-type", content_type)], body)?;
        // An empty message: nothing in protobuf, an empty object in JSON.
        anyhow::ensure!(status == 200 && matches!(answer.as_str(), "" | "{}"), "{status} {answer:?}");
        Ok(())
    }

    /// The requests at the other end, once they hold `rows` rows.
    fn arrived<M: Message + Default>(&self, path: &str, rows: usize, count: fn(&M) -> usize) -> Vec<M> {
        wait_until("every row at the other end", || {
            let received = self.sink.received().into_iter().filter(|request| request.path == path);
            let requests = received.map(|request| M::decode(request.body).expect("OTLP")).collect::<Vec<_>>();
            (requests.iter().map(count).sum::<usize>() >= rows).then_some(requests)
        })
    }

    fn finish(self, rows: u64) -> Result<()> {
        wait_until("the ledger", || (Status::ask(self.admin).rows("out", "delivered") == rows).then_some(()));
        Status::ask(self.admin).assert_accounted();
        let (status, log) = self.spangate.server.terminate()?;
        anyhow::ensure!(status.success(), "{status}\n{log}");
        Ok(())
    }
}

fn spans_in(request: &ExportTraceServiceRequest) -> usize {
    request.resource_spans.iter().flat_map(|resource| &resource.scope_spans).map(|scope| scope.spans.len()).sum()
}

fn events_in(request: &ExportLogsServiceRequest) -> usize {
    request.resource_logs.iter().flat_map(|resource| &resource.scope_logs).map(|scope| scope.log_records.len()).sum()
}

/// Every span with the resource and scope it belongs to, as text, in order: requests may be cut and grouped anew.
fn flatten(requests: &[ExportTraceServiceRequest]) -> Vec<String> {
    let mut rows = Vec::new();
    for resource in requests.iter().flat_map(|request| &request.resource_spans) {
        for scope in &resource.scope_spans {
            let context = (&resource.resource, &resource.schema_url, &scope.scope, &scope.schema_url);
            rows.extend(scope.spans.iter().map(|span: &Span| format!("{context:?} {span:?}")));
        }
    }
    rows.sort();
    rows
}

#[test]
fn every_field_of_a_span_passes_through_the_otlp_exporter_byte_for_byte() -> Result<()> {
    let sent = samples::every_span_field(3);
    let path = Path::through("builtin:otlp", "")?;
    path.send("/v1/traces", "application/x-protobuf", &sent.encode_to_vec())?;
    path.arrived::<ExportTraceServiceRequest>("/v1/traces", 9, spans_in);
    assert_eq!(path.sink.received()[0].body, sent.encode_to_vec(), "one request, forwarded as it came");
    path.finish(9)
}

#[test]
fn every_field_of_a_span_survives_being_cut_into_small_batches() -> Result<()> {
    let sent = samples::every_span_field(5);
    let path = Path::through("builtin:otlp", "max_export_batch_size = 4")?;
    path.send("/v1/traces", "application/x-protobuf", &sent.encode_to_vec())?;
    let arrived = path.arrived("/v1/traces", 15, spans_in);
    assert!(arrived.len() >= 4, "{} requests", arrived.len());
    assert_eq!(flatten(&arrived), flatten(&[sent]));
    path.finish(15)
}

#[test]
fn every_field_of_a_span_survives_otlp_json() -> Result<()> {
    let sent = samples::every_span_field(2);
    let path = Path::through("builtin:otlp", "")?;
    path.send("/v1/traces", "application/json", samples::span_json(&sent).as_bytes())?;
    let arrived = path.arrived("/v1/traces", 6, spans_in);
    assert_eq!(flatten(&arrived), flatten(&[sent]));
    path.finish(6)
}

#[test]
fn every_field_of_a_span_is_in_the_columns() -> Result<()> {
    let sent = samples::every_span_field(3);
    let path = Path::through(&guest("roundtrip").display().to_string(), "")?;
    path.send("/v1/traces", "application/x-protobuf", &sent.encode_to_vec())?;
    let arrived = path.arrived("/v1/traces", 9, spans_in);
    assert_eq!(flatten(&arrived), flatten(&[sent]));
    path.finish(9)
}

#[test]
fn every_field_of_an_event_passes_through_the_otlp_exporter_and_the_columns() -> Result<()> {
    for component in ["builtin:otlp".to_owned(), guest("roundtrip").display().to_string()] {
        let sent = samples::every_event_field();
        let path = Path::through(&component, "")?;
        path.send("/v1/logs", "application/x-protobuf", &sent.encode_to_vec())?;
        let arrived = path.arrived("/v1/logs", 4, events_in);
        assert_eq!(arrived, [sent], "{component}");
        path.finish(4)?;
    }
    Ok(())
}
