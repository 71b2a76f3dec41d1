//! Attributes of the SDK as attributes of spangate.

use opentelemetry::{Array, KeyValue, Value};
use spangate_core::{
    attribute,
    span::{TextRef, ValueRef},
    tracer::FinishedSpan,
};

/// Sets an attribute of a span, without memory of its own unless it is an array.
pub(crate) fn copy(attribute: &KeyValue, span: &mut FinishedSpan<'_>) {
    let key = TextRef::Own(attribute.key.as_str());
    match &attribute.value {
        Value::Bool(value) => span.copy_attribute(key, ValueRef::Bool(*value)),
        Value::I64(value) => span.copy_attribute(key, ValueRef::Int(*value)),
        Value::F64(value) => span.copy_attribute(key, ValueRef::Double(*value)),
        Value::String(text) => span.copy_attribute(key, ValueRef::String(TextRef::Own(text.as_str()))),
        other => span.copy_attribute(key, ValueRef::Nested(&value_of(other.clone()))),
    }
}

/// An attribute of an event, a link, a scope or a resource.
pub(crate) fn attribute_of(attribute: KeyValue) -> attribute::KeyValue {
    attribute::KeyValue::new(String::from(attribute.key), value_of(attribute.value))
}

/// A value of a type that the SDK adds one day is recorded as its text.
pub(crate) fn value_of(value: Value) -> attribute::Value {
    match value {
        Value::Bool(value) => value.into(),
        Value::I64(value) => value.into(),
        Value::F64(value) => value.into(),
        Value::String(text) => String::from(text).into(),
        Value::Array(Array::Bool(values)) => elements(values),
        Value::Array(Array::I64(values)) => elements(values),
        Value::Array(Array::F64(values)) => elements(values),
        Value::Array(Array::String(texts)) => elements(texts.into_iter().map(String::from)),
        other => other.as_str().into_owned().into(),
    }
}

fn elements<T: Into<attribute::Value>>(values: impl IntoIterator<Item = T>) -> attribute::Value {
    values.into_iter().map(Into::into).collect::<Vec<attribute::Value>>().into()
}
