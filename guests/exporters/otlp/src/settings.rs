//! `[settings]`, and where requests go by them.

use std::collections::BTreeMap;

use serde::Deserialize;
use spangate_sdk::{Compression, SettingError};

/// `[settings]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How requests are sent.
    #[serde(default)]
    pub(crate) protocol: Protocol,
    /// Over HTTP the base URL: `/v1/traces` and `/v1/logs` are appended. Over gRPC scheme, host and port.
    endpoint: Option<String>,
    /// `"none"` or `"gzip"`.
    #[serde(default)]
    pub(crate) compression: Compression,
    /// Added to every request. Credentials belong into the grant's headers, which the guest never sees.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}

/// In OpenTelemetry's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Protocol {
    #[default]
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
    #[serde(rename = "grpc")]
    Grpc,
}

/// One URL per signal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Urls {
    pub(crate) traces: String,
    pub(crate) logs: String,
}

impl Settings {
    /// Where the requests go. Whether they may the host decides.
    ///
    /// # Errors
    /// If the endpoint is no base URL of that protocol.
    pub(crate) fn urls(&self) -> Result<Urls, SettingError> {
        let (default, traces, logs) = match self.protocol {
            Protocol::HttpProtobuf => ("http://localhost:4318", "/v1/traces", "/v1/logs"),
            Protocol::Grpc => (
                "http://localhost:4317",
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            ),
        };
        let endpoint = self.endpoint.as_deref().unwrap_or(default);
        SettingError::unless_url("endpoint", endpoint)?;
        let base = endpoint.trim_end_matches('/');
        let has_path = base.splitn(4, '/').nth(3).is_some();
        if self.protocol == Protocol::Grpc && has_path {
            let message = "over gRPC it is scheme, host and port: the path names the method";
            return Err(SettingError::at("endpoint", message));
        }
        Ok(Urls { traces: format!("{base}{traces}"), logs: format!("{base}{logs}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Otlp;
    use spangate_sdk::testing::configure;

    fn urls(settings: &str) -> [String; 2] {
        let Urls { traces, logs } = configure::<Otlp>(settings).unwrap().urls;
        [traces, logs]
    }

    #[test]
    fn each_protocol_has_its_port_and_its_paths() {
        assert_eq!(urls("{}"), ["http://localhost:4318/v1/traces", "http://localhost:4318/v1/logs"]);
        assert_eq!(urls(r#"{"endpoint": "https://a/otlp/"}"#), ["https://a/otlp/v1/traces", "https://a/otlp/v1/logs"]);
        let methods = |base: &str| {
            ["trace.v1.TraceService", "logs.v1.LogsService"]
                .map(|service| format!("{base}/opentelemetry.proto.collector.{service}/Export"))
        };
        assert_eq!(urls(r#"{"protocol": "grpc"}"#), methods("http://localhost:4317"));
        assert_eq!(urls(r#"{"protocol": "grpc", "endpoint": "https://a:443/"}"#), methods("https://a:443"));
    }

    #[test]
    fn settings_that_are_wrong_are_named() {
        let error = |settings: &str| configure::<Otlp>(settings).err().unwrap().remove(0);
        assert_eq!(error(r#"{"endpoint": "collector:4318"}"#).path, "endpoint");
        assert_eq!(error(r#"{"compression": "zip"}"#).path, "compression");
        assert!(error(r#"{"endpont": ""}"#).message.contains("`endpoint`"));
        let protocol = error(r#"{"protocol": "http"}"#);
        assert_eq!(protocol.path, "protocol");
        assert!(protocol.message.contains("expected `http/protobuf` or `grpc`"), "{protocol:?}");
        let path = error(r#"{"protocol": "grpc", "endpoint": "http://a:4317/v1/traces"}"#);
        assert!(path.message.contains("scheme, host and port"), "{path:?}");
    }
}
