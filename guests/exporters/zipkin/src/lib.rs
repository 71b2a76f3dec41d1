//! Sends spans to Zipkin, `POST /api/v2/spans`, as OpenTelemetry maps them
//! (<https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/>).

mod span;

use serde::Deserialize;
use spangate_sdk::{Batch, Description, Exporter, Outcome, SettingError, columns, http};

/// `[settings]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The whole URL, path included.
    #[serde(default = "default_endpoint")]
    endpoint: String,
    /// Whether attributes of the resource become tags of each span.
    #[serde(default)]
    resource_tags: bool,
}

fn default_endpoint() -> String {
    "http://localhost:9411/api/v2/spans".to_owned()
}

/// The exporter.
pub struct Zipkin {
    settings: Settings,
    /// How large the last body was: the next one hardly ever grows while it is written.
    capacity: usize,
}

impl Exporter for Zipkin {
    type Settings = Settings;

    fn describe() -> Description {
        Description::spans().reads(columns::of_spans())
    }

    fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
        SettingError::unless_url("endpoint", &settings.endpoint)?;
        Ok(Self { settings, capacity: 0 })
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        let mut out = String::with_capacity(self.capacity);
        let mut writer = span::Writer::new(self.settings.resource_tags);
        for (index, span) in batch.spans().enumerate() {
            out.push(if index == 0 { '[' } else { ',' });
            writer.push_span(&mut out, span);
        }
        out.push(']');
        self.capacity = out.len() + out.len() / 8;
        http::post(&self.settings.endpoint).json(out).idempotency_key(batch).deliver()
    }
}

spangate_sdk::export!(Zipkin);

#[cfg(test)]
mod tests;
