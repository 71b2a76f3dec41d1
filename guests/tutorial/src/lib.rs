//! Tells a chat channel about spans that took too long.

use serde::Deserialize;
use spangate_sdk::{Batch, Exporter, Outcome, SettingError, http, json};

/// `[settings]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    url: String,
    slower_than_ms: u128,
}

/// The exporter.
pub struct SlowSpans(Settings);

impl Exporter for SlowSpans {
    type Settings = Settings;

    fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
        SettingError::unless_url("url", &settings.url)?;
        Ok(Self(settings))
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        let mut lines = Vec::new();
        for span in batch.spans().filter(|span| span.duration().as_millis() > self.0.slower_than_ms) {
            let service = span.resource().service_name().unwrap_or("?");
            lines.push(format!("{service}: {} took {:?}, trace {}", span.name(), span.duration(), span.trace_id()));
        }
        if lines.is_empty() {
            return Outcome::Accepted;
        }
        let message = format!(r#"{{"text":{}}}"#, json::quoted(&lines.join("\n")));
        http::post(&self.0.url).json(message).idempotency_key(batch).deliver()
    }
}

spangate_sdk::export!(SlowSpans);

#[cfg(test)]
mod tests;
