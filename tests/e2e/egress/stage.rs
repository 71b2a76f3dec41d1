//! `spangate run` with OTLP receivers and the OTLP exporter.

use anyhow::Result;
use prost::Message;
use spangate_tests::{Spangate, Status, free_port, get, post, samples};

/// A running spangate and where it listens.
pub(super) struct Stage {
    pub(super) spangate: Spangate,
    http: u16,
    admin: u16,
}

impl Stage {
    /// Receivers with the keys in `receivers`, and the exporter `out`, whose tables are in `exporter`.
    pub(super) fn start(receivers: &str, exporter: &str) -> Result<Self> {
        let (http, grpc, admin) = (free_port(), free_port(), free_port());
        let config = format!(
            r#"
            [receivers.otlp_http]
            listen = "127.0.0.1:{http}"
            {receivers}
            [receivers.otlp_grpc]
            listen = "127.0.0.1:{grpc}"
            {receivers}
            [admin]
            listen = "127.0.0.1:{admin}"
            [batch]
            schedule_delay = "50ms"
            [shutdown]
            deadline = "20s"
            [exporters.out]
            component = "builtin:otlp"
            required = true
            {exporter}
            "#
        );
        Ok(Self { spangate: Spangate::run(&config, admin)?, http, admin })
    }

    /// Posts six spans over HTTP.
    pub(super) fn send(&self, headers: &[(&str, &str)]) -> Result<()> {
        let body = samples::every_span_field(2).encode_to_vec();
        let headers: Vec<_> = [("content-type", "application/x-protobuf")].iter().chain(headers).copied().collect();
        let (status, answer) = post(&format!("http://127.0.0.1:{}/v1/traces", self.http), &headers, &body)?;
        anyhow::ensure!(status == 200, "{status} {answer}");
        Ok(())
    }

    pub(super) fn status(&self) -> Status {
        Status::ask(self.admin)
    }

    /// What the admin endpoint answers.
    pub(super) fn ask(&self, path: &str) -> (u16, String) {
        get(&format!("http://127.0.0.1:{}{path}", self.admin)).expect("an answer")
    }
}
