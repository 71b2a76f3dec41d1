//! Fields that mean something: `otel.*`, spelled as everywhere in the ecosystem.
//!
//! A special field whose value is not understood is an ordinary attribute of the same name, so that it can be seen.

use spangate_core::{
    attribute::{KeyValue, Value},
    span::{SpanKind, Status},
};

use crate::writer::Writer;

const PREFIX: &str = "otel.";

/// Whether a field of this name may mean something.
#[inline]
pub(crate) fn is_special(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Writes a field of a span.
pub(crate) fn write(writer: &mut Writer<'_>, field: KeyValue) {
    let KeyValue { key, value } = field;
    let rest = match key.strip_prefix(PREFIX) {
        Some(special) => write_special(writer, special, value),
        None => Some(value),
    };
    if let Some(value) = rest {
        writer.set_attribute(KeyValue { key, value });
    }
}

/// Gives the value back if it was not understood.
fn write_special(writer: &mut Writer<'_>, special: &str, value: Value) -> Option<Value> {
    let Value::String(text) = value else { return Some(value) };
    let is_understood = match special {
        "name" if !text.is_empty() => {
            writer.update_name(text.into_owned());
            return None;
        }
        "status_description" => {
            writer.set_status(Status::error(text));
            return None;
        }
        "kind" => kind(&text).is_some_and(|kind| writer.set_kind(kind)),
        "status_code" => set_status_code(writer, &text),
        _ => false,
    };
    (!is_understood).then_some(Value::String(text))
}

fn kind(text: &str) -> Option<SpanKind> {
    const KINDS: [(&str, SpanKind); 5] = [
        ("internal", SpanKind::Internal),
        ("server", SpanKind::Server),
        ("client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, kind)| *kind)
}

/// An error that is described already keeps its description.
fn set_status_code(writer: &mut Writer<'_>, text: &str) -> bool {
    let is = |code: &str| code.eq_ignore_ascii_case(text);
    if is("ok") {
        writer.set_status(Status::Ok);
    } else if is("error") && !writer.is_error() {
        writer.set_status(Status::error(""));
    }
    is("ok") || is("error") || is("unset")
}
