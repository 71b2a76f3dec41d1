//! Protobuf, written field by field (<https://protobuf.dev/programming-guides/encoding>), and the messages that spans
//! and events share (opentelemetry-proto, `common/v1`, `resource/v1`).

use std::collections::BTreeMap;

use spangate_sdk::{Attributes, ResourceView, ScopeView, ValueView};

pub type Out = Vec<u8>;

pub fn varint(out: &mut Out, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Also if it is zero.
pub fn number(out: &mut Out, field: u32, number: u64) {
    varint(out, u64::from(field << 3));
    varint(out, number);
}

pub fn some_number(out: &mut Out, field: u32, value: u64) {
    if value != 0 {
        number(out, field, value);
    }
}

pub fn fixed64(out: &mut Out, field: u32, number: u64) {
    varint(out, u64::from(field << 3 | 1));
    out.extend(number.to_le_bytes());
}

pub fn some_fixed64(out: &mut Out, field: u32, value: u64) {
    if value != 0 {
        fixed64(out, field, value);
    }
}

pub fn some_fixed32(out: &mut Out, field: u32, value: u32) {
    if value != 0 {
        varint(out, u64::from(field << 3 | 5));
        out.extend(value.to_le_bytes());
    }
}

/// Also if it is empty.
pub fn bytes(out: &mut Out, field: u32, bytes: &[u8]) {
    varint(out, u64::from(field << 3 | 2));
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

pub fn some_bytes(out: &mut Out, field: u32, value: &[u8]) {
    if !value.is_empty() {
        bytes(out, field, value);
    }
}

/// A message inside, also if it is empty.
pub fn message(out: &mut Out, field: u32, write: impl FnOnce(&mut Out)) {
    let mut inner = Out::new();
    write(&mut inner);
    bytes(out, field, &inner);
}

/// A message inside, unless it is empty.
pub fn some_message(out: &mut Out, field: u32, write: impl FnOnce(&mut Out)) {
    let mut inner = Out::new();
    write(&mut inner);
    some_bytes(out, field, &inner);
}

pub fn attributes(out: &mut Out, field: u32, attributes: Attributes<'_>) {
    for (key, value) in attributes.iter() {
        key_value(out, field, key, value);
    }
}

fn key_value(out: &mut Out, field: u32, key: &str, content: ValueView<'_>) {
    message(out, field, |out| {
        some_bytes(out, 1, key.as_bytes());
        message(out, 2, |out| value(out, content));
    });
}

/// The content of an `AnyValue`.
pub fn value(out: &mut Out, value_view: ValueView<'_>) {
    match value_view {
        ValueView::Empty => {}
        ValueView::String(text) => bytes(out, 1, text.as_bytes()),
        ValueView::Bool(truth) => number(out, 2, truth.into()),
        ValueView::Int(int) => number(out, 3, int as u64),
        ValueView::Double(double) => fixed64(out, 4, double.to_bits()),
        ValueView::Array(items) => message(out, 5, |out| {
            items.values().for_each(|item| message(out, 1, |out| value(out, item)));
        }),
        ValueView::KeyValues(members) => message(out, 6, |out| {
            members.iter().for_each(|(key, member)| key_value(out, 1, key, member));
        }),
        ValueView::Bytes(content) => bytes(out, 7, content),
    }
}

/// A request: rows grouped by resource, then scope. `ResourceSpans`, `ScopeSpans` and their twins for logs have the same
/// numbers.
pub fn request<R>(
    rows: impl Iterator<Item = R>,
    scope_of: impl Fn(&R) -> ScopeView<'_>,
    write_row: impl Fn(&mut Out, &R),
) -> Out {
    let mut groups: BTreeMap<usize, BTreeMap<usize, Vec<R>>> = BTreeMap::new();
    for row in rows {
        let scope = scope_of(&row);
        let (resource, scope) = (scope.resource().row(), scope.row());
        groups.entry(resource).or_default().entry(scope).or_default().push(row);
    }
    let mut out = Out::new();
    for scopes in groups.values() {
        message(&mut out, 1, |out| {
            let of_resource = scope_of(&scopes.values().next().expect("a group has rows")[0]).resource();
            some_message(out, 1, |out| resource(out, of_resource));
            for rows in scopes.values() {
                message(out, 2, |out| {
                    let of_scope = scope_of(&rows[0]);
                    some_message(out, 1, |out| scope(out, of_scope));
                    rows.iter().for_each(|row| message(out, 2, |out| write_row(out, row)));
                    some_bytes(out, 3, of_scope.schema_url().as_bytes());
                });
            }
            some_bytes(out, 3, of_resource.schema_url().as_bytes());
        });
    }
    out
}

fn resource(out: &mut Out, resource: ResourceView<'_>) {
    attributes(out, 1, resource.attributes());
    some_number(out, 2, resource.dropped_attributes().into());
}

fn scope(out: &mut Out, scope: ScopeView<'_>) {
    some_bytes(out, 1, scope.name().as_bytes());
    some_bytes(out, 2, scope.version().as_bytes());
    attributes(out, 3, scope.attributes());
    some_number(out, 4, scope.dropped_attributes().into());
}
