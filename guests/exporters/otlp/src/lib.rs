//! Forwards spans and events over OTLP, protobuf over HTTP or gRPC. The bytes stay in the host: the guest sees only the
//! answer.

mod answer;
mod settings;

use settings::{Protocol, Urls};
use spangate_sdk::{Batch, Description, Exporter, Outcome, PayloadForm, SettingError, grpc, http, log};

pub use settings::Settings;

/// The exporter.
pub struct Otlp {
    urls: Urls,
    settings: Settings,
}

impl Exporter for Otlp {
    type Settings = Settings;

    fn describe() -> Description {
        Description::spans().and_events(["*"]).reads(["payload"])
    }

    fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
        Ok(Self { urls: settings.urls()?, settings })
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        self.forward(&self.urls.traces, batch)
    }

    fn export_events(&mut self, batch: &Batch) -> Outcome {
        self.forward(&self.urls.logs, batch)
    }
}

impl Otlp {
    fn forward(&self, url: &str, batch: &Batch) -> Outcome {
        match self.settings.protocol {
            Protocol::HttpProtobuf => self.post(url, batch),
            Protocol::Grpc => self.call(url, batch),
        }
    }

    fn post(&self, url: &str, batch: &Batch) -> Outcome {
        let form = self.form();
        let answer = http::post(url)
            .header("content-type", "application/x-protobuf")
            .headers(form.compression.content_encoding().map(|encoding| ("content-encoding", encoding)))
            .headers(self.headers())
            .idempotency_key(batch)
            .payload(batch.to_payload(form))
            .send();
        match answer {
            Ok(response) if response.is_success() => partial_success(&response.body, batch),
            other => other.into(),
        }
    }

    fn call(&self, url: &str, batch: &Batch) -> Outcome {
        match grpc::call(url).metadata(self.headers()).idempotency_key(batch).batch(batch, self.form()).send() {
            Ok(message) => partial_success(&message.unwrap_or_default(), batch),
            Err(failure) => failure.into(),
        }
    }

    fn form(&self) -> PayloadForm {
        PayloadForm::protobuf().compressed(self.settings.compression)
    }

    fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A backend may take a request and yet refuse rows of it, or only complain. Neither is tried again.
fn partial_success(body: &[u8], batch: &Batch) -> Outcome {
    let answer = answer::read(body);
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
mod tests;
