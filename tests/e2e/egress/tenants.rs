//! Senders' headers travel with their batches and go out again where the operator said.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;
use spangate_tests::{Collector, wait_until};

use super::stage::Stage;

/// One span, named after its tenant.
fn span(tenant: &str, number: u8) -> Vec<u8> {
    let span = Span {
        trace_id: vec![number + 1; 16],
        span_id: vec![number + 1; 8],
        name: tenant.to_owned(),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// Names of the spans by the header they came under, empty for none; and how many requests there were.
fn by_header(backend: &Collector) -> (BTreeMap<String, BTreeSet<String>>, usize, usize) {
    let (mut names, mut spans) = (BTreeMap::<_, BTreeSet<_>>::new(), 0);
    let received = backend.received();
    for request in &received {
        let header = request.headers.get("x-scope-orgid").map_or("", |value| value.to_str().unwrap()).to_owned();
        let decoded = ExportTraceServiceRequest::decode(request.body.clone()).expect("OTLP");
        let all = decoded.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in all.flat_map(|scope| scope.spans) {
            names.entry(header.clone()).or_default().insert(span.name);
            spans += 1;
        }
    }
    (names, received.len(), spans)
}

#[test]
fn interleaved_tenants_reach_the_backend_each_under_its_own_header() -> Result<()> {
    let backend = Collector::start();
    let url = backend.url();
    let stage = Stage::start(
        "metadata = [\"x-tenant\"]",
        &format!(
            "[exporters.out.grants.http]\nallow = [\"{url}\"]\n\
             [exporters.out.grants.http.metadata_headers]\nx-scope-orgid = \"x-tenant\"\n\
             [exporters.out.settings]\nendpoint = \"{url}\"\nheaders.x-scope-orgid = \"forged\"\n"
        ),
    )?;
    for number in 0..20 {
        stage.post(&span("red", number), &[("x-tenant", "red")])?;
        stage.call(&span("blue", number), &[("x-tenant", "blue")])?;
        stage.post(&span("nobody", number), &[])?;
    }
    wait_until("everything", || (stage.status().rows("out", "delivered") == 60).then_some(()));
    stage.status().assert_accounted();
    let (names, requests, spans) = by_header(&backend);
    let own = |name: &str| BTreeSet::from([name.to_owned()]);
    let expected =
        [("", "nobody"), ("blue", "blue"), ("red", "red")].map(|(header, name)| (header.to_owned(), own(name)));
    assert_eq!(names, BTreeMap::from(expected));
    assert_eq!(spans, 60);
    assert!(requests < 60, "{requests} requests for 60 small ones: nothing was joined");
    let (ended, log) = stage.spangate.server.terminate()?;
    assert!(ended.success(), "{ended}\n{log}");
    Ok(())
}
