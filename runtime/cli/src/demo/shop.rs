//! A small shop's traces: what three requests to it look like.

use spangate_core::{
    attribute::{KeyValue, Value},
    span::{SpanKind, Status},
    tracer::{Span, Tracer},
};

const MICROSECOND: u64 = 1_000;

/// One operation inside a request; times in microseconds after the request came in.
struct Step {
    name: &'static str,
    kind: SpanKind,
    start: u64,
    end: u64,
    attributes: &'static [(&'static str, &'static str)],
    event: Option<&'static str>,
    error: Option<&'static str>,
    steps: Vec<Step>,
}

/// Records the traces of three requests, the last of which fails, and returns how many spans that were.
pub(super) fn serve_requests(tracer: &Tracer, now_unix_nanos: u64) -> u64 {
    let requests = [browse(), check_out(), decline()];
    requests.iter().map(|request| record(tracer, request, None, now_unix_nanos)).sum()
}

fn browse() -> Step {
    request(
        "GET /products",
        18_400,
        &[("http.route", "/products"), ("http.response.status_code", "200")],
        vec![
            call("load products", 900, 4_100, "redis").with_event("cache miss"),
            call("SELECT products", 4_300, 13_800, "postgresql"),
            internal("render", 14_000, 18_100),
        ],
    )
}

fn check_out() -> Step {
    request(
        "POST /checkout",
        141_700,
        &[("http.route", "/checkout"), ("http.response.status_code", "201")],
        vec![
            call("load cart", 1_100, 5_000, "redis"),
            internal("price", 5_200, 26_300).with_step(call("tax lookup", 9_800, 22_900, "postgresql")),
            call("charge card", 26_600, 114_900, "payments").with_event("retry after 429"),
            call("reserve stock", 115_200, 131_000, "postgresql"),
            Step { kind: SpanKind::Producer, ..call("publish order.placed", 131_300, 137_500, "kafka") },
        ],
    )
}

fn decline() -> Step {
    let declined = Step { error: Some("card declined"), ..call("charge card", 21_000, 73_400, "payments") };
    let steps = vec![call("load cart", 800, 3_900, "redis"), internal("price", 4_000, 20_700), declined];
    let attributes = &[("http.route", "/checkout"), ("http.response.status_code", "402")];
    Step { error: Some("card declined"), ..request("POST /checkout", 75_200, attributes, steps) }
}

fn request(
    name: &'static str,
    end: u64,
    attributes: &'static [(&'static str, &'static str)],
    steps: Vec<Step>,
) -> Step {
    Step { name, kind: SpanKind::Server, start: 0, end, attributes, event: None, error: None, steps }
}

fn internal(name: &'static str, start: u64, end: u64) -> Step {
    Step { kind: SpanKind::Internal, start, ..request(name, end, &[], Vec::new()) }
}

fn call(name: &'static str, start: u64, end: u64, peer: &'static str) -> Step {
    let attributes: &'static [_] = match peer {
        "redis" => &[("db.system.name", "redis")],
        "postgresql" => &[("db.system.name", "postgresql")],
        "kafka" => &[("messaging.system", "kafka")],
        _ => &[("peer.service", "payments")],
    };
    Step { kind: SpanKind::Client, attributes, ..internal(name, start, end) }
}

impl Step {
    fn with_event(self, event: &'static str) -> Self {
        Self { event: Some(event), ..self }
    }

    fn with_step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

fn record(tracer: &Tracer, step: &Step, parent: Option<&Span>, zero: u64) -> u64 {
    let at = |microseconds: u64| zero + microseconds * MICROSECOND;
    let builder = tracer.span(step.name).kind(step.kind).start_time(at(step.start));
    let mut span = match parent {
        Some(parent) => builder.child_of(parent).start(),
        None => builder.start(),
    };
    span.set_attributes(step.attributes.iter().map(|(key, value)| KeyValue::new(*key, Value::from(*value))));
    if let Some(event) = step.event {
        span.add_event_at(at(step.start.midpoint(step.end)), event, []);
    }
    if let Some(error) = step.error {
        span.set_status(Status::error(error));
    }
    let recorded = step.steps.iter().map(|inner| record(tracer, inner, Some(&span), zero)).sum::<u64>();
    span.end_at(at(step.end));
    recorded + 1
}
