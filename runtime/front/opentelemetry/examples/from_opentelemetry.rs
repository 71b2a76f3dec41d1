//! A service that uses the OpenTelemetry SDK. The lines that have its spans leave through sandboxed exporters are marked.
//!
//! `cargo run -p spangate-opentelemetry --example from_opentelemetry` draws its trace with the exporter `console`.

use std::{error::Error, time::Duration};

use opentelemetry::{
    KeyValue,
    trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};

const CONFIG: &str = "
    [exporters.console]
    component = \"builtin:console\"
    grants.terminal = true
";

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = spangate::Runtime::from_toml(CONFIG).start()?.shutdown_on_drop(Duration::from_secs(5)); // +
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("shop").build())
        .with_span_processor(spangate_opentelemetry::processor(runtime.tracer("sdk"), runtime.flusher())) // +
        .build();

    let tracer = provider.tracer("checkout");
    let checkout = tracer.span_builder("checkout").with_kind(SpanKind::Server);
    tracer.in_span_with_builder(checkout, |context| {
        context.span().set_attribute(KeyValue::new("order", 7));
        tracer.in_span("pay", |context| {
            context.span().add_event("card declined", vec![KeyValue::new("attempt", 1)]);
            context.span().set_status(Status::error("card declined"));
        });
    });

    // Everything is delivered when this comes back.
    provider.shutdown()?;
    let shown = &runtime.status().exporters[0].ledger;
    assert_eq!((shown.accepted, shown.delivered), (2, 2), "the console takes everything");
    Ok(())
}
