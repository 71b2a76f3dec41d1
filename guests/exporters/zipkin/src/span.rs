//! One span as JSON.

use spangate_sdk::json::{push_object, push_plain_string, push_string, push_u64};
use spangate_sdk::{ResourceView, SpanKind, SpanView, StatusCode, ValueView};
use std::net::IpAddr;

/// Writes spans; what is the same for all spans of a resource is written once and copied.
pub struct Writer {
    has_resource_tags: bool,
    resource: Option<usize>,
    local_endpoint: String,
    /// Each with a comma behind it.
    resource_tags: String,
    scratch: String,
}

impl Writer {
    pub fn new(has_resource_tags: bool) -> Self {
        let (local_endpoint, resource_tags, scratch) = Default::default();
        Self { has_resource_tags, resource: None, local_endpoint, resource_tags, scratch }
    }

    pub fn push_span(&mut self, out: &mut String, span: SpanView<'_>) {
        self.enter(span.resource());
        out.push_str(r#"{"traceId":""#);
        span.trace_id().push_hex(out);
        out.push_str(r#"","id":""#);
        span.span_id().push_hex(out);
        if let Some(parent) = span.parent_span_id() {
            out.push_str(r#"","parentId":""#);
            parent.push_hex(out);
        }
        out.push_str(r#"","name":"#);
        push_string(out, span.name());
        out.push_str(match span.kind() {
            SpanKind::Server => r#","kind":"SERVER","#,
            SpanKind::Client => r#","kind":"CLIENT","#,
            SpanKind::Producer => r#","kind":"PRODUCER","#,
            SpanKind::Consumer => r#","kind":"CONSUMER","#,
            _ => ",",
        });
        push_times(out, span);
        out.push_str(&self.local_endpoint);
        push_remote_endpoint(out, span);
        self.push_annotations(out, span);
        self.push_tags(out, span);
        out.push('}');
    }

    fn enter(&mut self, resource: ResourceView<'_>) {
        if self.resource.replace(resource.row()) == Some(resource.row()) {
            return;
        }
        self.local_endpoint.clear();
        self.local_endpoint.push_str(r#""localEndpoint":{"serviceName":"#);
        push_string(&mut self.local_endpoint, resource.service_name().unwrap_or("unknown_service"));
        self.local_endpoint.push('}');
        self.resource_tags.clear();
        if self.has_resource_tags {
            let others = resource.attributes().iter().filter(|(key, _)| *key != "service.name");
            others.for_each(|(key, value)| push_tag(&mut self.resource_tags, key, value));
        }
    }

    /// An event is its name, and its attributes if it has any.
    fn push_annotations(&mut self, out: &mut String, span: SpanView<'_>) {
        for (index, event) in span.events().enumerate() {
            out.push_str(if index == 0 { r#","annotations":[{"timestamp":"# } else { r#",{"timestamp":"# });
            push_u64(out, event.time() / 1000);
            out.push_str(r#","value":"#);
            if event.attributes().is_empty() {
                push_string(out, event.name());
            } else {
                self.scratch.clear();
                push_string(&mut self.scratch, event.name());
                self.scratch.push(':');
                push_object(&mut self.scratch, event.attributes().iter());
                push_string(out, &self.scratch);
            }
            out.push('}');
        }
        if span.events().len() > 0 {
            out.push(']');
        }
    }

    fn push_tags(&self, out: &mut String, span: SpanView<'_>) {
        out.push_str(r#","tags":{"#);
        let empty = out.len();
        out.push_str(&self.resource_tags);
        let status = span.status_code();
        for (key, value) in span.attributes().iter() {
            // The presence of "error" marks a failure, whatever its value; the status decides instead.
            if key != "error" || status == StatusCode::Unset && !matches!(value, ValueView::Bool(false)) {
                push_tag(out, key, value);
            }
        }
        if status == StatusCode::Error {
            push_tag(out, "error", ValueView::String(span.status_message()));
        }
        span.mapped_tags().for_each(|(key, value)| push_tag(out, key, value));
        if out.len() > empty {
            out.pop();
        }
        out.push('}');
    }
}

/// Zero means "unknown" to Zipkin: a start that is not known is left out, and so is what ends before it starts; anything
/// shorter than a microsecond takes one.
fn push_times(out: &mut String, span: SpanView<'_>) {
    let (start, end) = (span.start_time(), span.end_time());
    if start >= 1000 {
        out.push_str(r#""timestamp":"#);
        push_u64(out, start / 1000);
        out.push(',');
    }
    if end >= start {
        out.push_str(r#""duration":"#);
        push_u64(out, ((end - start) / 1000).max(1));
        out.push(',');
    }
}

/// Who is called, if that is said.
fn push_remote_endpoint(out: &mut String, span: SpanView<'_>) {
    if !matches!(span.kind(), SpanKind::Client | SpanKind::Producer) {
        return;
    }
    let Some(peer) = span.peer() else { return };
    out.push_str(match peer.address {
        None => r#","remoteEndpoint":{"serviceName":"#,
        Some(IpAddr::V4(_)) => r#","remoteEndpoint":{"ipv4":"#,
        Some(IpAddr::V6(_)) => r#","remoteEndpoint":{"ipv6":"#,
    });
    push_string(out, peer.name);
    if let Some(port) = peer.port {
        out.push_str(r#","port":"#);
        push_u64(out, port.into());
    }
    out.push('}');
}

/// A key, a text and a comma.
fn push_tag(out: &mut String, key: &str, value: ValueView<'_>) {
    push_string(out, key);
    out.push(':');
    push_plain_string(out, value);
    out.push(',');
}
