//! Fields of `tracing` as OpenTelemetry's values.

use std::{
    error::Error,
    fmt::{self, Write},
};

use spangate_core::attribute::{KeyValue, Value};
use tracing_core::field::{Field, Visit};

/// Sources of an error that are recorded.
const MAX_SOURCES: usize = 16;

/// Hands every field over by its name.
pub(crate) struct Fields<F>(pub(crate) F);

/// Counts fields that have a value, and looks at none.
#[derive(Default)]
pub(crate) struct FieldCount(pub(crate) u32);

impl Visit for FieldCount {
    // Every type comes here: nothing is formatted unless somebody asks.
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {
        self.0 = self.0.saturating_add(1);
    }
}

/// What a field held.
pub(crate) enum FieldValue {
    Value(Value),
    /// A `dyn Error`: its text, and those of its sources.
    Error(String, Vec<Value>),
}

impl<F: FnMut(&'static str, FieldValue)> Fields<F> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        (self.0)(name(field), FieldValue::Value(value.into()));
    }
}

/// A field that is called as a keyword of Rust has its own name.
#[inline]
pub(crate) fn name(field: &Field) -> &'static str {
    field.name().strip_prefix("r#").unwrap_or(field.name())
}

/// An integer as it is, or as text if it is too large for one of 64 bits with a sign, the only ones OpenTelemetry has.
fn integer<I: Copy + fmt::Display + TryInto<i64>>(value: I) -> Value {
    value.try_into().map_or_else(|_| Value::from(value.to_string()), Value::Int)
}

impl<F: FnMut(&'static str, FieldValue)> Visit for Fields<F> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, integer(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.put(field, integer(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.put(field, integer(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.put(field, value.to_vec());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let sources = std::iter::successors(value.source(), |error: &&(dyn Error + 'static)| (*error).source());
        let chain = sources.take(MAX_SOURCES).map(|source| Value::from(source.to_string()));
        (self.0)(name(field), FieldValue::Error(value.to_string(), chain.collect()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        format_into(&mut text, value);
        self.put(field, text);
    }
}

/// Appends a value's text. Where its `Debug` fails, what it had written by then; a macro would panic.
pub(crate) fn format_into(text: &mut String, value: &dyn fmt::Debug) {
    let _ = write!(text, "{value:?}");
}

/// The field's own attribute, and that of an error's sources if it has some.
pub(crate) fn attributes(name: &'static str, value: FieldValue) -> impl Iterator<Item = KeyValue> {
    let (value, chain) = match value {
        FieldValue::Value(value) => (value, Vec::new()),
        FieldValue::Error(text, chain) => (Value::from(text), chain),
    };
    let sources = (!chain.is_empty()).then(|| KeyValue::new(format!("{name}.chain"), chain));
    std::iter::once(KeyValue::new(name, value)).chain(sources)
}
