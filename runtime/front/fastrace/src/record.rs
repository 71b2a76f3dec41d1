//! A record of fastrace becomes a span of spangate.
//!
//! Source of the special properties: crate `fastrace-opentelemetry` 0.18, `SPAN_KIND` and its neighbours.

use std::borrow::Cow;

use fastrace::collector::{self, EventRecord, SpanRecord};
use spangate_core::{
    attribute::KeyValue,
    context::{SpanContext, SpanId, TraceFlags, TraceId},
    span::{SpanKind, Status},
    tracer::{FinishedSpan, Tracer},
};

const KIND: &str = "span.kind";
const STATUS_CODE: &str = "span.status_code";
const STATUS_DESCRIPTION: &str = "span.status_description";
const PARENT_IS_REMOTE: &str = "span.parent_span_is_remote";

/// A key or a value; most are constants of the program.
type Text = Cow<'static, str>;

/// Hands a span over.
pub(crate) fn hand_over(record: SpanRecord, tracer: &Tracer) {
    // Nothing is reported that is not sampled.
    let context = context_of(record.trace_id, record.span_id, true);
    let mut span = tracer.finished_span(tracer.origin(), context, record.name);
    let end = record.begin_time_unix_ns.saturating_add(record.duration_ns);
    span.set_times(record.begin_time_unix_ns, end);
    set_properties(record.properties, record.parent_id, &mut span);
    for EventRecord { name, timestamp_unix_ns, properties } in record.events {
        let attributes = properties.into_iter().map(|(key, value)| KeyValue::new(key, value));
        span.add_event(timestamp_unix_ns, name, attributes, 0);
    }
    for link in record.links {
        span.add_link(context_of(link.trace_id, link.span_id, link.sampled), [], 0);
    }
}

/// Properties that mean something become that, the others attributes.
fn set_properties(properties: Vec<(Text, Text)>, parent_id: collector::SpanId, span: &mut FinishedSpan<'_>) {
    let (mut status, mut description, mut parent_is_remote) = (None, None, false);
    for (key, value) in properties {
        match (&*key, &*value) {
            (KIND, word) if let Some(kind) = kind_of(word) => span.set_kind(kind),
            (STATUS_CODE, word) if let Some(known) = status_of(word) => status = Some(known),
            (STATUS_DESCRIPTION, _) => description = Some(value),
            (PARENT_IS_REMOTE, word) if let Some(is_remote) = truth_of(word) => parent_is_remote = is_remote,
            _ => span.set_attribute(key, value),
        }
    }
    span.set_parent(SpanId(parent_id.0.to_be_bytes()), parent_is_remote);
    match (status, description) {
        (Some(Status::Error { .. }), Some(description)) => span.set_status(Status::Error { description }),
        (status, description) => {
            span.set_status(status.unwrap_or_default());
            // Only errors have one.
            if let Some(description) = description {
                span.set_attribute(STATUS_DESCRIPTION, description);
            }
        }
    }
}

fn context_of(trace_id: collector::TraceId, span_id: collector::SpanId, is_sampled: bool) -> SpanContext {
    SpanContext {
        trace_id: TraceId(trace_id.0.to_be_bytes()),
        span_id: SpanId(span_id.0.to_be_bytes()),
        trace_flags: if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::NONE },
        ..SpanContext::default()
    }
}

fn kind_of(word: &str) -> Option<SpanKind> {
    choose(
        word,
        [
            ("internal", SpanKind::Internal),
            ("server", SpanKind::Server),
            ("client", SpanKind::Client),
            ("producer", SpanKind::Producer),
            ("consumer", SpanKind::Consumer),
        ],
    )
}

fn status_of(word: &str) -> Option<Status> {
    choose(word, [("unset", Status::Unset), ("ok", Status::Ok), ("error", Status::error(""))])
}

fn truth_of(word: &str) -> Option<bool> {
    choose(word, [("true", true), ("false", false)])
}

/// What a word means, however its letters are written.
fn choose<T, const N: usize>(word: &str, known: [(&str, T); N]) -> Option<T> {
    known.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, meaning)| meaning)
}
