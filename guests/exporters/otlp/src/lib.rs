//! Forwards spans and events over OTLP/HTTP, protobuf. The bytes stay in the host: the guest sees only the answer.

mod answer;

use serde::Deserialize;
use spangate_sdk::http::{self, Response};
use spangate_sdk::{Batch, Compression, Description, Exporter, Outcome, PayloadForm, SettingError, log};
use std::collections::BTreeMap;

/// `[settings]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Base URL; `/v1/traces` and `/v1/logs` are appended.
    #[serde(default = "default_endpoint")]
    endpoint: String,
    /// `"none"` or `"gzip"`.
    #[serde(default)]
    compression: Compression,
    /// Added to every request. Credentials belong into the grant's headers, which the guest never sees.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

fn default_endpoint() -> String {
    "http://localhost:4318".to_owned()
}

/// The exporter.
pub struct Otlp {
    traces_url: String,
    logs_url: String,
    settings: Settings,
}

impl Exporter for Otlp {
    type Settings = Settings;

    fn describe() -> Description {
        Description::spans().and_events(["*"]).reads(["payload"])
    }

    fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
        SettingError::unless_url("endpoint", &settings.endpoint)?;
        let base = settings.endpoint.trim_end_matches('/');
        Ok(Self { traces_url: format!("{base}/v1/traces"), logs_url: format!("{base}/v1/logs"), settings })
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        self.forward(&self.traces_url, batch)
    }

    fn export_events(&mut self, batch: &Batch) -> Outcome {
        self.forward(&self.logs_url, batch)
    }
}

impl Otlp {
    fn forward(&self, url: &str, batch: &Batch) -> Outcome {
        let compression = self.settings.compression;
        let answer = http::post(url)
            .header("content-type", "application/x-protobuf")
            .headers(compression.content_encoding().map(|encoding| ("content-encoding", encoding)))
            .headers(self.settings.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .idempotency_key(batch)
            .payload(batch.to_payload(PayloadForm::protobuf().compressed(compression)))
            .send();
        match answer {
            Ok(response) if response.is_success() => partial_success(&response, batch),
            other => other.into(),
        }
    }
}

/// A backend may take a request and yet refuse rows of it, or only complain. Neither is tried again.
fn partial_success(response: &Response, batch: &Batch) -> Outcome {
    let answer = answer::read(&response.body);
    match answer.rejected {
        0 if answer.message.is_empty() => Outcome::Accepted,
        0 => {
            log::warn!("backend says: {}", answer.message);
            Outcome::Accepted
        }
        rejected => {
            Outcome::partial(u32::try_from(rejected).unwrap_or(u32::MAX).min(batch.len() as u32), answer.message)
        }
    }
}

spangate_sdk::export!(Otlp);

#[cfg(test)]
mod tests {
    use super::*;
    use spangate_sdk::Encoding;
    use spangate_sdk::testing::{self, BatchBuilder, Host, SentBody, Span};

    fn batch() -> Batch {
        let builder = BatchBuilder::new().resource(&[]).span(Span::new("a", 1)).span(Span::new("b", 2));
        builder.otlp(b"the request").build()
    }

    fn exporter(settings: &str) -> Otlp {
        testing::configure(settings).unwrap()
    }

    #[test]
    fn a_batch_is_forwarded_as_a_payload_that_the_guest_never_reads() {
        let host = Host::install();
        let batch = batch();
        let mut otlp = exporter(r#"{"endpoint": "http://collector:4318/", "headers": {"x-tenant": "a"}}"#);
        assert_eq!(otlp.export_spans(&batch), Outcome::Accepted);
        assert_eq!(otlp.export_events(&batch), Outcome::Accepted);
        let requests = host.requests();
        assert_eq!(
            (requests[0].method.as_str(), requests[0].url.as_str()),
            ("POST", "http://collector:4318/v1/traces")
        );
        assert_eq!(requests[1].url, "http://collector:4318/v1/logs");
        assert_eq!(requests[0].header("content-type"), Some("application/x-protobuf"));
        assert_eq!(requests[0].header("content-encoding"), None);
        assert_eq!(requests[0].header("x-tenant"), Some("a"));
        assert_eq!(requests[0].header("idempotency-key"), Some(batch.id().to_hex().as_str()));
        let SentBody::Payload(payload) = &requests[0].body else { panic!("{:?}", requests[0].body) };
        assert_eq!((payload.form.encoding, payload.bytes.as_slice()), (Encoding::Protobuf, &b"the request"[..]));
        assert!(batch.columns_read().is_empty());
    }

    #[test]
    fn gzip_is_asked_of_the_host_and_told_to_the_backend() {
        let host = Host::install();
        exporter(r#"{"compression": "gzip"}"#).export_spans(&batch());
        let request = host.requests().remove(0);
        assert_eq!(request.header("content-encoding"), Some("gzip"));
        assert!(matches!(request.body, SentBody::Payload(payload) if payload.form.compression == Compression::Gzip));
    }

    #[test]
    fn rows_that_a_backend_rejects_are_counted_and_never_more_than_there_were() {
        let host = Host::install();
        let reply = |rejected: u8| {
            let body = [&[0x0a, 0x0b, 0x08, rejected, 0x12, 0x07][..], b"too old"].concat();
            host.reply(Response { status: 200, body, ..Response::default() });
        };
        let mut otlp = exporter("{}");
        reply(1);
        assert_eq!(otlp.export_spans(&batch()), Outcome::partial(1, "too old"));
        reply(99);
        assert_eq!(otlp.export_spans(&batch()), Outcome::partial(2, "too old"));
        reply(0);
        assert_eq!(otlp.export_spans(&batch()), Outcome::Accepted);
        assert_eq!(host.log()[0].message, "backend says: too old");
    }

    #[test]
    fn a_backend_that_is_busy_is_tried_again_and_one_that_refuses_is_not() {
        let host = Host::install();
        let mut otlp = exporter("{}");
        host.reply_status(503).reply_status(400);
        assert!(matches!(otlp.export_spans(&batch()), Outcome::RetryAfter(_)));
        assert!(matches!(otlp.export_spans(&batch()), Outcome::Rejected(_)));
    }

    #[test]
    fn settings_that_are_wrong_are_named() {
        let error = |settings: &str| testing::configure::<Otlp>(settings).err().unwrap().remove(0);
        assert_eq!(error(r#"{"endpoint": "collector:4318"}"#).path, "endpoint");
        assert_eq!(error(r#"{"compression": "zip"}"#).path, "compression");
        assert!(error(r#"{"endpont": ""}"#).message.contains("expected one of `endpoint`"));
    }
}
