//! Fields of a span on their way into it.
//!
//! Constraints: this is done for every span with fields, so that nothing is allocated for a field that is a number, a
//! truth value or a text; what is formatted is formatted into one text.

use std::{error::Error, fmt};

use spangate_core::{
    attribute::KeyValue,
    span::{TextRef, ValueRef},
};
use tracing_core::field::{Field, Visit};

use crate::{
    fields::{Fields, attributes, format_into, name},
    special,
    writer::Writer,
};

/// Writes fields as attributes, or as what they mean.
pub(crate) struct SpanFields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    /// Used again for every field that is formatted.
    formatted: String,
}

impl<'a, 'w> SpanFields<'a, 'w> {
    pub(crate) fn new(writer: &'a mut Writer<'w>) -> Self {
        Self { writer, formatted: String::new() }
    }

    #[inline(always)]
    fn put(&mut self, field: &Field, value: ValueRef<'_>) {
        let name = name(field);
        match special::is_special(name) {
            true => special::write(self.writer, KeyValue::new(name, value.to_value())),
            false => self.writer.copy_attribute(name, value),
        }
    }

    /// Fields of the rarer types, as they are put elsewhere.
    fn put_rare(&mut self, visit: impl FnOnce(&mut dyn Visit)) {
        let writer = &mut *self.writer;
        visit(&mut Fields(|name, value| attributes(name, value).for_each(|field| special::write(writer, field))));
    }
}

impl Visit for SpanFields<'_, '_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, ValueRef::Double(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, ValueRef::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.put(field, ValueRef::Int(value)),
            Err(_) => self.put_rare(|fields| fields.record_u64(field, value)),
        }
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.put_rare(|fields| fields.record_i128(field, value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.put_rare(|fields| fields.record_u128(field, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, ValueRef::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, ValueRef::String(TextRef::Own(value)));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.put_rare(|fields| fields.record_bytes(field, value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put_rare(|fields| fields.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut formatted = std::mem::take(&mut self.formatted);
        formatted.clear();
        format_into(&mut formatted, value);
        self.put(field, ValueRef::String(TextRef::Own(&formatted)));
        self.formatted = formatted;
    }
}
