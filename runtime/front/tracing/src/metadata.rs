//! What is known about a span or an event without its fields.

use std::thread;

use spangate_core::attribute::{KeyValue, Value};
use tracing_core::Metadata;

use crate::recorder::Options;

/// The attributes of a span that go before its fields.
pub(crate) fn of_span(options: Options, metadata: &'static Metadata<'static>, put: &mut impl FnMut(KeyValue)) {
    if options.has_target {
        put(KeyValue::new("target", metadata.target()));
    }
    if options.has_level {
        put(KeyValue::new("level", metadata.level().as_str()));
    }
    if options.has_location {
        of_location(metadata, put);
    }
    if options.has_threads {
        of_thread(put);
    }
}

/// Source: OpenTelemetry semantic conventions, "Source code". The function is not known.
pub(crate) fn of_location(metadata: &'static Metadata<'static>, put: &mut impl FnMut(KeyValue)) {
    if let Some(file) = metadata.file() {
        put(KeyValue::new("code.file.path", file));
    }
    if let Some(line) = metadata.line() {
        put(KeyValue::new("code.line.number", line));
    }
}

/// Source: OpenTelemetry semantic conventions, "General thread attributes".
fn of_thread(put: &mut impl FnMut(KeyValue)) {
    let thread = thread::current();
    // The number is not to be had in another way. Should it ever be written otherwise, the text is.
    let id = format!("{:?}", thread.id());
    let number = id.strip_prefix("ThreadId(").and_then(|rest| rest.strip_suffix(')')?.parse::<i64>().ok());
    put(KeyValue::new("thread.id", number.map_or_else(|| Value::from(id), Value::Int)));
    if let Some(name) = thread.name() {
        put(KeyValue::new("thread.name", name.to_owned()));
    }
}
