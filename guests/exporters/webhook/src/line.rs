//! One row as one line. Unix nanoseconds are strings, as in OTLP's JSON: many readers of JSON have no 64-bit integers.

use spangate_sdk::json::{push_object, push_string, push_u64, push_value};
use spangate_sdk::{EventView, ScopeView, SpanId, SpanView, TraceId, push_hex};

pub fn push_span(out: &mut String, span: SpanView<'_>) {
    out.push_str(r#"{"signal":"span""#);
    push_ids(out, Some(span.trace_id()), Some(span.span_id()));
    push_id(out, "parent_span_id", span.parent_span_id().as_ref().map(|id| &id.0[..]));
    push_text(out, "name", span.name());
    push_text(out, "kind", span.kind().name());
    push_time(out, "start_time_unix_nano", span.start_time());
    push_time(out, "end_time_unix_nano", span.end_time());
    push_text(out, "status", span.status_code().name());
    push_some_text(out, "status_message", span.status_message());
    push_some_text(out, "trace_state", span.trace_state());
    push_member(out, "attributes");
    push_object(out, span.attributes().iter());
    push_list(out, "events", span.events(), |out, event| {
        out.push_str(r#""name":"#);
        push_string(out, event.name());
        push_time(out, "time_unix_nano", event.time());
        push_member(out, "attributes");
        push_object(out, event.attributes().iter());
    });
    push_list(out, "links", span.links(), |out, link| {
        out.push_str(r#""trace_state":"#);
        push_string(out, link.trace_state());
        push_ids(out, Some(link.trace_id()), Some(link.span_id()));
        push_member(out, "attributes");
        push_object(out, link.attributes().iter());
    });
    push_origin(out, span.scope());
    out.push_str("}\n");
}

pub fn push_event(out: &mut String, event: EventView<'_>) {
    out.push_str(r#"{"signal":"event""#);
    push_text(out, "event_name", event.name());
    push_ids(out, event.trace_id(), event.span_id());
    push_time(out, "time_unix_nano", event.time());
    push_time(out, "observed_time_unix_nano", event.observed_time());
    push_member(out, "severity_number");
    push_u64(out, event.severity_number().into());
    push_some_text(out, "severity_text", event.severity_text());
    push_member(out, "body");
    push_value(out, event.body());
    push_member(out, "attributes");
    push_object(out, event.attributes().iter());
    push_origin(out, event.scope());
    out.push_str("}\n");
}

fn push_origin(out: &mut String, scope: ScopeView<'_>) {
    push_some_text(out, "scope_name", scope.name());
    push_some_text(out, "scope_version", scope.version());
    push_member(out, "resource");
    push_object(out, scope.resource().attributes().iter());
}

fn push_ids(out: &mut String, trace_id: Option<TraceId>, span_id: Option<SpanId>) {
    push_id(out, "trace_id", trace_id.as_ref().map(|id| &id.0[..]));
    push_id(out, "span_id", span_id.as_ref().map(|id| &id.0[..]));
}

fn push_id(out: &mut String, name: &str, id: Option<&[u8]>) {
    if let Some(id) = id {
        push_member(out, name);
        out.push('"');
        push_hex(id, out);
        out.push('"');
    }
}

fn push_member(out: &mut String, name: &str) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
}

fn push_text(out: &mut String, name: &str, text: &str) {
    push_member(out, name);
    push_string(out, text);
}

fn push_some_text(out: &mut String, name: &str, text: &str) {
    if !text.is_empty() {
        push_text(out, name, text);
    }
}

fn push_time(out: &mut String, name: &str, nanos: u64) {
    push_member(out, name);
    out.push('"');
    push_u64(out, nanos);
    out.push('"');
}

/// An array of objects, left out if it is empty.
fn push_list<T>(out: &mut String, name: &str, items: impl Iterator<Item = T>, push_members: impl Fn(&mut String, T)) {
    let mut is_empty = true;
    for item in items {
        if is_empty {
            push_member(out, name);
        }
        out.push_str(if is_empty { "[{" } else { ",{" });
        push_members(out, item);
        out.push('}');
        is_empty = false;
    }
    if !is_empty {
        out.push(']');
    }
}
