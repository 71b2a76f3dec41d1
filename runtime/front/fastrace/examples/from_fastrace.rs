//! A service that uses fastrace. The lines that have its spans leave through sandboxed exporters are marked.
//!
//! `cargo run -p spangate-fastrace --example from_fastrace` draws its trace with the exporter `console`.

use std::{error::Error, time::Duration};

use fastrace::{collector::Config, prelude::*};

const CONFIG: &str = "
    [resource]
    \"service.name\" = \"shop\"
    [exporters.console]
    component = \"builtin:console\"
    grants.terminal = true
";

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = spangate::Runtime::from_toml(CONFIG).start()?.shutdown_on_drop(Duration::from_secs(5)); // +
    fastrace::set_reporter(spangate_fastrace::reporter(runtime.tracer("checkout")), Config::default()); // +

    checkout(7);

    fastrace::flush();
    let report = runtime.shutdown(Duration::from_secs(5)); // +
    assert_eq!(report.exporters[0].ledger.delivered, 2, "the console takes everything");
    Ok(())
}

fn checkout(order: u64) {
    let root = Span::root("checkout", SpanContext::random())
        .with_properties(|| [("order", order.to_string()), ("span.kind", "server".to_owned())]);
    let _guard = root.set_local_parent();
    pay();
}

#[trace]
fn pay() {
    LocalSpan::add_event(Event::new("card declined").with_property(|| ("attempt", "1")));
    LocalSpan::add_property(|| ("span.status_code", "error"));
    LocalSpan::add_property(|| ("span.status_description", "card declined"));
}
