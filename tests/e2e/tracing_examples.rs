//! The examples of `spangate-tracing`, as somebody would run them: one trace across two processes, delivered by an
//! exporter in a sandbox, and log lines that lead to their trace.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use spangate_tests::{Collector, Server, example, wait_until};

/// A folder with a `spangate.toml` whose exporter delivers to `url`.
fn folder(service: &str, url: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[resource]\n\"service.name\" = \"{service}\"\n[batch]\nschedule_delay = \"100ms\"\n\
         [exporters.otlp]\ncomponent = \"builtin:otlp\"\ngrants.http.allow = [\"{url}\"]\nsettings.endpoint = \"{url}\"\n"
    );
    fs::write(folder.path().join("spangate.toml"), text).expect("a file");
    folder
}

/// Spans by service and name.
fn delivered(sink: &Collector) -> BTreeMap<(String, String), Span> {
    let mut spans = BTreeMap::new();
    for received in sink.received() {
        let request = ExportTraceServiceRequest::decode(received.body).expect("OTLP");
        for resource in request.resource_spans {
            let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
            let service = attributes.iter().find(|attribute| attribute.key == "service.name").expect("a name");
            let service = format!("{:?}", service.value);
            let service = if service.contains("shop") { "shop" } else { "customer" };
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let earlier = spans.insert((service.to_owned(), span.name.clone()), span);
                assert_eq!(earlier, None, "every span is delivered once");
            }
        }
    }
    spans
}

#[test]
fn one_trace_goes_through_a_client_and_an_axum_service_in_two_processes() {
    let sink = Collector::start();
    let (shop, customer) = (folder("shop", &sink.url()), folder("customer", &sink.url()));
    let mut service = Command::new(example("axum"));
    service.arg("127.0.0.1:0").current_dir(shop.path()).env("NO_COLOR", "1");
    let service = Server::start(&mut service, || true).expect("the service");
    let address = wait_until("the service's address", || {
        let log = service.log();
        Some(log.split_once("listening on ")?.1.lines().next()?.to_owned())
    });

    let mut client = Command::new(example("reqwest"));
    client.arg(format!("http://{address}/orders/7")).current_dir(customer.path());
    let output = client.output().expect("the client");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.ends_with("order 7: 42 in stock\n"), "{text}");
    let (status, log) = service.terminate().expect("an end");
    assert!(status.success(), "{log}");

    let spans = delivered(&sink);
    let names: Vec<_> = spans.keys().map(|(service, name)| format!("{service} {name}")).collect();
    let expected = ["customer look_up", "customer request", "shop count_stock", "shop order", "shop request"];
    assert_eq!(names, expected, "{log}");
    let span = |service: &str, name: &str| &spans[&(service.to_owned(), name.to_owned())];
    let chain = [
        span("customer", "look_up"),
        span("customer", "request"),
        span("shop", "request"),
        span("shop", "order"),
        span("shop", "count_stock"),
    ];
    assert_eq!(chain[0].parent_span_id, [0u8; 0]);
    for pair in chain.windows(2) {
        assert_eq!((&pair[1].trace_id, &pair[1].parent_span_id), (&pair[0].trace_id, &pair[0].span_id), "{pair:?}");
    }
    assert_eq!((chain[1].kind, chain[2].kind), (SpanKind::Client as i32, SpanKind::Server as i32));
    // Bit 9 of the flags: the parent is in another process.
    assert_eq!(chain.map(|span| span.flags & 0x200 != 0), [false, false, true, false, false]);
    let event = &chain[3].events[0];
    assert_eq!(event.name, "order looked up");
}

#[test]
fn an_axum_service_traces_with_under_ten_lines_added_and_all_of_them_are_marked() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/front/tracing/examples/axum.rs");
    let text = fs::read_to_string(file).expect("the example");
    let code = || text.lines().filter(|line| !line.starts_with("//!"));
    let marked = code().filter(|line| line.ends_with("// +")).count();
    assert!((1..10).contains(&marked), "{marked} lines");
    let ours = ["spangate", "runtime", "otel.", "set_parent", "extract("];
    let unmarked: Vec<_> =
        code().filter(|line| ours.iter().any(|word| line.contains(word)) && !line.ends_with("// +")).collect();
    assert_eq!(unmarked, [""; 0]);
}

#[test]
fn log_lines_carry_the_ids_of_the_span_they_were_written_in() {
    let output = Command::new(example("log_trace_ids")).env("NO_COLOR", "1").output().expect("the example");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let line = |message: &str| text.lines().find(|line| line.contains(message)).unwrap_or_else(|| panic!("{text}"));
    let ids = |message: &str| {
        let mut words = line(message).split(' ');
        let trace_id = words.next().and_then(|word| word.strip_prefix("trace_id="));
        trace_id.zip(words.next().and_then(|word| word.strip_prefix("span_id=")))
    };
    assert_eq!(ids("outside of any span"), None);
    let ((trace_id, span_id), (same, inner)) = ids("paying").zip(ids("card is slow")).expect("ids");
    assert_eq!((trace_id, trace_id.len(), span_id.len()), (same, 32, 16));
    assert_ne!(span_id, inner);
    // What the exporter drew is the same trace.
    assert!(text.contains(&format!("trace {trace_id}  2 spans")), "{text}");
    assert!(line("paying").contains("checkout{order=7}"), "{text}");
}
