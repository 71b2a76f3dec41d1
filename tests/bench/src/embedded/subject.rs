//! Who records and sends.

use std::time::Duration;

use clap::ValueEnum;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use spangate::Runtime;
use spangate_core::tracer::Tracer;

use crate::{opentelemetry_sdk::Rival, recording::record};

/// What the last deliveries get.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Who {
    /// Nobody: what the pace itself costs.
    Nobody,
    /// Spangate, its exporter `otlp` in the sandbox.
    Spangate,
    /// opentelemetry_sdk with its batch processor, and opentelemetry-otlp.
    Opentelemetry,
}

/// One of them, started.
pub(super) enum Subject {
    Nobody,
    Spangate(Box<Runtime>, Tracer),
    Opentelemetry(Rival),
}

impl Who {
    /// As a word of the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Spangate => "spangate",
            Self::Opentelemetry => "opentelemetry",
        }
    }

    /// Starts it; every setting but the addresses is the default.
    pub(super) fn start(self, backend: &str, cache: &str) -> anyhow::Result<Subject> {
        Ok(match self {
            Self::Nobody => Subject::Nobody,
            Self::Spangate => {
                let toml = format!(
                    "[resource]\nservice.name = \"checkout\"\n[sandbox]\ncache_dir = {cache:?}\n\
                     [exporters.otlp]\ncomponent = \"builtin:otlp\"\n[exporters.otlp.grants.http]\nallow = [{backend:?}]\n\
                     [exporters.otlp.settings]\nendpoint = {backend:?}\n"
                );
                let runtime = Runtime::from_toml(toml).builtins(spangate_builtin::component).start()?;
                let tracer = runtime.tracer("shop.checkout");
                Subject::Spangate(Box::new(runtime), tracer)
            }
            Self::Opentelemetry => Subject::Opentelemetry(opentelemetry(backend)?),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a process of its own, in which the rival wants it")]
fn opentelemetry(backend: &str) -> anyhow::Result<Rival> {
    // Its client is made for encrypted connections, too, and wants to know by whom, even if there are none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{backend}v1/traces"))
        .build()?;
    let resource = Resource::builder().with_service_name("checkout").build();
    let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
    let tracer = provider.tracer("shop.checkout");
    Ok(Rival::of(provider, tracer))
}

impl Subject {
    /// A span with ten attributes.
    pub(super) fn record(&self) {
        match self {
            Self::Nobody => {}
            Self::Spangate(_, tracer) => record(tracer),
            Self::Opentelemetry(rival) => rival.record(),
        }
    }

    /// Sends what it still has, and answers what is known to be lost.
    ///
    /// # Errors
    /// If it takes too long.
    pub(super) fn flush(&self) -> anyhow::Result<Option<String>> {
        match self {
            Self::Nobody => Ok(None),
            Self::Spangate(runtime, _) => {
                let report = runtime.flush(PATIENCE);
                anyhow::ensure!(report.is_complete, "not delivered: {report}");
                Ok((report.undelivered_rows() > 0).then(|| report.to_string()))
            }
            Self::Opentelemetry(rival) => rival.flush().map(|()| None),
        }
    }
}
