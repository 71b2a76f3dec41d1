//! Requests that arrive small are sent on as one: their bytes one after the other, and nothing of another sender among them.

use std::collections::BTreeMap;

use anyhow::Result;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;
use spangate_tests::{Collector, wait_until};

use super::stage::Stage;

const REQUESTS: usize = 16;
const SPANS: usize = 32;
/// Longer than a test takes: a batch goes because it is full, or not at all.
const NEVER: &str = "1h";

/// A request of 32 spans of one tenant, like no other request, with a field that OTLP does not know at its end.
fn request(tenant: &str, number: usize) -> Vec<u8> {
    let span = |at: usize| Span {
        trace_id: vec![number as u8 + 1; 16],
        span_id: vec![at as u8 + 1; 8],
        name: format!("{tenant} {number} {at}"),
        ..Span::default()
    };
    let value = Some(AnyValue { value: Some(Value::StringValue(tenant.to_owned())) });
    let resource = Resource {
        attributes: vec![KeyValue { key: "tenant".to_owned(), value, ..KeyValue::default() }],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans { spans: (0..SPANS).map(span).collect(), ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }];
    let mut bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    // Field 900, a varint: a decoder would have lost it.
    bytes.extend_from_slice(&[0xa0, 0x38, number as u8]);
    bytes
}

fn requests(tenant: &str) -> Vec<Vec<u8>> {
    (0..REQUESTS).map(|number| request(tenant, number)).collect()
}

/// Rows wait so long for others of their tenant.
fn start(delay: &str, backend: &Collector) -> Result<Stage> {
    let url = backend.url();
    let exporter = format!(
        "[exporters.out.grants.http]\nallow = [\"{url}\"]\n\
         [exporters.out.grants.http.metadata_headers]\nx-scope-orgid = \"x-tenant\"\n\
         [exporters.out.settings]\nendpoint = \"{url}\"\n"
    );
    Stage::start_with_delay(delay, "metadata = [\"x-tenant\"]", &exporter)
}

/// Bodies by the header they came under, empty for none, in the order in which they came.
fn bodies(backend: &Collector) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut bodies = BTreeMap::<_, Vec<_>>::new();
    for request in backend.received() {
        let header =
            request.headers.get("x-scope-orgid").map_or("", |value| value.to_str().expect("a text")).to_owned();
        bodies.entry(header).or_default().push(request.body.to_vec());
    }
    bodies
}

fn wait_for(stage: &Stage, rows: usize) {
    wait_until("every span", || (stage.status().rows("out", "delivered") == rows as u64).then_some(()));
    stage.status().assert_accounted();
}

#[test]
fn sixteen_small_requests_reach_the_backend_as_one_and_its_bytes_are_theirs() -> Result<()> {
    let backend = Collector::start();
    let stage = start(NEVER, &backend)?;
    let all = requests("one");
    for (number, request) in all.iter().enumerate() {
        // Over both protocols: what brought a request is nothing that keeps it apart.
        if number % 2 == 0 { stage.post(request, &[])? } else { stage.call(request, &[])? }
    }
    wait_for(&stage, REQUESTS * SPANS);
    assert_eq!(bodies(&backend), BTreeMap::from([(String::new(), vec![all.concat()])]));
    Ok(())
}

#[test]
fn two_tenants_requests_are_joined_apart_however_they_are_interleaved() -> Result<()> {
    let backend = Collector::start();
    let stage = start(NEVER, &backend)?;
    let (red, blue) = (requests("red"), requests("blue"));
    for (red, blue) in red.iter().zip(&blue) {
        stage.post(red, &[("x-tenant", "red")])?;
        stage.call(blue, &[("x-tenant", "blue")])?;
    }
    wait_for(&stage, 2 * REQUESTS * SPANS);
    let expected = [("blue", blue), ("red", red)].map(|(tenant, all)| (tenant.to_owned(), vec![all.concat()]));
    assert_eq!(bodies(&backend), BTreeMap::from(expected));
    Ok(())
}

#[test]
fn requests_that_come_slowly_are_joined_when_the_first_has_waited_long_enough() -> Result<()> {
    let backend = Collector::start();
    let stage = start("300ms", &backend)?;
    let all = requests("slow");
    for (number, request) in all.iter().enumerate() {
        stage.post(request, &[])?;
        if number % 4 == 3 {
            wait_for(&stage, (number + 1) * SPANS);
        }
    }
    let bodies = bodies(&backend).remove("").expect("bodies");
    assert!(bodies.len() < REQUESTS, "{} requests: nothing was joined", bodies.len());
    assert_eq!(bodies.concat(), all.concat());
    Ok(())
}
