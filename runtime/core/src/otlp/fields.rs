//! Tags (field number and wire type) of OTLP's messages, `opentelemetry/proto/**/v1/*.proto` of version 1.

use super::wire::{FIXED32, FIXED64, LENGTH, VARINT};

const fn varint(number: u32) -> u32 {
    number << 3 | VARINT
}

const fn fixed64(number: u32) -> u32 {
    number << 3 | FIXED64
}

const fn length(number: u32) -> u32 {
    number << 3 | LENGTH
}

const fn fixed32(number: u32) -> u32 {
    number << 3 | FIXED32
}

/// The set of a message's field numbers, a bit each.
const fn known(tags: &[u32]) -> u32 {
    let (mut set, mut row) = (0, 0);
    while row < tags.len() {
        set |= 1 << (tags[row] >> 3);
        row += 1;
    }
    set
}

macro_rules! message {
    ($(#[$meta:meta])* $name:ident { $($field:ident = $form:ident($number:literal)),+ $(,)? }) => {
        $(#[$meta])*
        pub(super) mod $name {
            $(pub(in crate::otlp) const $field: u32 = super::$form($number);)+
            pub(in crate::otlp) const KNOWN: u32 = super::known(&[$($field),+]);
        }
    };
}

message! {
    /// `ExportTraceServiceRequest` and `ExportLogsServiceRequest`.
    request { RESOURCES = length(1) }
}

message! {
    /// `ResourceSpans` and `ResourceLogs`.
    resource_rows { RESOURCE = length(1), SCOPES = length(2), SCHEMA_URL = length(3) }
}

message! {
    /// `ScopeSpans` and `ScopeLogs`.
    scope_rows { SCOPE = length(1), ROWS = length(2), SCHEMA_URL = length(3) }
}

message! {
    resource { ATTRIBUTES = length(1), DROPPED_ATTRIBUTES = varint(2), ENTITY_REFS = length(3) }
}

message! {
    scope { NAME = length(1), VERSION = length(2), ATTRIBUTES = length(3), DROPPED_ATTRIBUTES = varint(4) }
}

message! {
    span {
        TRACE_ID = length(1), SPAN_ID = length(2), TRACE_STATE = length(3), PARENT_SPAN_ID = length(4), NAME = length(5),
        KIND = varint(6), START_TIME = fixed64(7), END_TIME = fixed64(8), ATTRIBUTES = length(9),
        DROPPED_ATTRIBUTES = varint(10), EVENTS = length(11), DROPPED_EVENTS = varint(12), LINKS = length(13),
        DROPPED_LINKS = varint(14), STATUS = length(15), FLAGS = fixed32(16),
    }
}

message! {
    span_event { TIME = fixed64(1), NAME = length(2), ATTRIBUTES = length(3), DROPPED_ATTRIBUTES = varint(4) }
}

message! {
    span_link {
        TRACE_ID = length(1), SPAN_ID = length(2), TRACE_STATE = length(3), ATTRIBUTES = length(4),
        DROPPED_ATTRIBUTES = varint(5), FLAGS = fixed32(6),
    }
}

message! {
    status { MESSAGE = length(2), CODE = varint(3) }
}

message! {
    log_record {
        TIME = fixed64(1), SEVERITY_NUMBER = varint(2), SEVERITY_TEXT = length(3), BODY = length(5),
        ATTRIBUTES = length(6), DROPPED_ATTRIBUTES = varint(7), FLAGS = fixed32(8), TRACE_ID = length(9),
        SPAN_ID = length(10), OBSERVED_TIME = fixed64(11), EVENT_NAME = length(12),
    }
}

message! {
    /// `KEY_INDEX` is for profiles alone.
    key_value { KEY = length(1), VALUE = length(2), KEY_INDEX = varint(3) }
}

message! {
    /// `STRING_INDEX` is for profiles alone.
    any_value {
        STRING = length(1), BOOL = varint(2), INT = varint(3), DOUBLE = fixed64(4), ARRAY = length(5),
        KEY_VALUE_LIST = length(6), BYTES = length(7), STRING_INDEX = varint(8),
    }
}

message! {
    /// `ArrayValue` and `KeyValueList`.
    elements { VALUES = length(1) }
}
