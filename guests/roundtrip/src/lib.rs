//! Rebuilds OTLP protobuf from the SDK's views alone and posts it: what arrives shows whether the columns are complete.
//!
//! Rows are grouped by resource and scope in the order of their tables, and default values are left out, as the host's
//! own encoder does it.

mod logs;
mod proto;
mod traces;

use serde::Deserialize;
use spangate_sdk::{Batch, Description, Exporter, Outcome, SettingError, columns, http};

/// `[settings]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Base URL; `/v1/traces` and `/v1/logs` are appended.
    endpoint: String,
}

/// The exporter.
pub struct Roundtrip(Settings);

impl Exporter for Roundtrip {
    type Settings = Settings;

    fn describe() -> Description {
        Description::spans().and_events(["*"]).reads(columns::of_spans()).reads(columns::of_events())
    }

    fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
        Ok(Self(settings))
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        self.post("/v1/traces", batch, traces::request(batch))
    }

    fn export_events(&mut self, batch: &Batch) -> Outcome {
        self.post("/v1/logs", batch, logs::request(batch))
    }
}

impl Roundtrip {
    fn post(&self, path: &str, batch: &Batch, request: Vec<u8>) -> Outcome {
        let url = format!("{}{path}", self.0.endpoint);
        http::post(&url).bytes("application/x-protobuf", request).idempotency_key(batch).deliver()
    }
}

spangate_sdk::export!(Roundtrip);
