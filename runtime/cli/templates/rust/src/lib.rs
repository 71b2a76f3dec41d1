//! Posts spans as a JSON array: one object per span, with the fields that Zipkin reads.

use serde::Deserialize;
use serde_json::{Value, json};
use spangate_sdk::{Batch, Exporter, Outcome, SettingError, http};

/// The exporter is its settings: `[exporters.{{name}}.settings]` in the operator's TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct {{type}} {
    endpoint: String,
}

impl Exporter for {{type}} {
    type Settings = Self;

    fn configure(settings: Self) -> Result<Self, Vec<SettingError>> {
        SettingError::unless_url("endpoint", &settings.endpoint)?;
        Ok(settings)
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        let spans = batch.spans().map(|span| {
            json!({
                "traceId": span.trace_id().to_string(),
                "id": span.span_id().to_string(),
                "parentId": span.parent_span_id().map(|id| id.to_string()),
                "name": span.name(),
                "timestamp": span.start_time() / 1000,
                "duration": span.duration().as_micros().max(1) as u64,
                "localEndpoint": { "serviceName": span.resource().service_name() },
            })
        });
        let request = http::post(&self.endpoint).json(Value::from_iter(spans).to_string());
        request.idempotency_key(batch).deliver()
    }
}

spangate_sdk::export!({{type}});

#[test]
fn every_span_is_posted() {
    use spangate_sdk::testing::{Host, configure, every_span_shape};
    let host = Host::install();
    let mut tested: {{type}} = configure(r#"{"endpoint": "http://backend.example"}"#).unwrap();
    assert_eq!(tested.export_spans(&every_span_shape()), Outcome::Accepted);
    assert!(host.requests()[0].text().unwrap().contains("POST /cart"));
}
