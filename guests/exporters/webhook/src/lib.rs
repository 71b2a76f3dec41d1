//! Posts spans and events as JSON lines: one object per row, with the names of OTLP's fields in snake case.

mod line;

use std::collections::BTreeMap;

use serde::Deserialize;
use spangate_sdk::{Batch, Description, Exporter, Outcome, SettingError, columns, http};

/// `[settings]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The whole URL.
    endpoint: String,
    /// Added to every request. Credentials belong into the grant's headers, which the guest never sees.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// The exporter.
pub struct Webhook {
    settings: Settings,
    /// How large the last body was: the next one hardly ever grows while it is written.
    capacity: usize,
}

impl Exporter for Webhook {
    type Settings = Settings;

    fn describe() -> Description {
        Description::spans().and_events(["*"]).reads(columns::of_spans()).reads(columns::of_events())
    }

    fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
        SettingError::unless_url("endpoint", &settings.endpoint)?;
        Ok(Self { settings, capacity: 0 })
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        let mut lines = String::with_capacity(self.capacity);
        batch.spans().for_each(|span| line::push_span(&mut lines, span));
        self.post(batch, lines)
    }

    fn export_events(&mut self, batch: &Batch) -> Outcome {
        let mut lines = String::with_capacity(self.capacity);
        batch.events().for_each(|event| line::push_event(&mut lines, event));
        self.post(batch, lines)
    }
}

impl Webhook {
    fn post(&mut self, batch: &Batch, lines: String) -> Outcome {
        self.capacity = lines.len() + lines.len() / 8;
        http::post(&self.settings.endpoint)
            .text("application/x-ndjson", lines)
            .headers(self.settings.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .idempotency_key(batch)
            .deliver()
    }
}

spangate_sdk::export!(Webhook);

#[cfg(test)]
mod tests;
