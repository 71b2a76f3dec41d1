//! The tables of a batch, column by column. Words as in `wit/v0.1`: a 64-bit value and a text reference are two `u32`
//! each (low word first; byte offset, byte length), an id is 16 or 8 bytes, `*_end` columns are prefix sums.

use super::table::table;

table! {
    /// One row per span. OTLP's `Span`, `opentelemetry/proto/trace/v1/trace.proto`.
    SpanRows => SpanTable {
        /// 16 bytes.
        trace_id: [u8; 16],
        /// 8 bytes.
        span_id: [u8; 8],
        /// 8 bytes, zero for a root.
        parent_span_id: [u8; 8],
        /// Text reference.
        trace_state: [u32; 2],
        /// OTLP span flags.
        flags: [u32; 1],
        /// Text reference.
        name: [u32; 2],
        /// OTLP's `SpanKind`; numbers over 255 are kept as 0, unspecified.
        kind: [u8; 1],
        /// Unix nanoseconds, two words.
        start_time: [u32; 2],
        /// Unix nanoseconds, two words.
        end_time: [u32; 2],
        /// OTLP's `StatusCode`; numbers over 255 are kept as 0, unset.
        status_code: [u8; 1],
        /// Text reference.
        status_message: [u32; 2],
        /// Attributes dropped by limits before the span came here.
        dropped_attributes: [u32; 1],
        /// Events dropped by limits.
        dropped_events: [u32; 1],
        /// Links dropped by limits.
        dropped_links: [u32; 1],
        /// Row in the scope table.
        scope: [u32; 1],
        /// Prefix sum into the span event table.
        event_end: [u32; 1],
        /// Prefix sum into the span link table.
        link_end: [u32; 1],
    }
}

table! {
    /// One row per event inside a span.
    SpanEventRows => SpanEventTable {
        /// Unix nanoseconds, two words.
        time: [u32; 2],
        /// Text reference.
        name: [u32; 2],
        /// Attributes dropped by limits.
        dropped_attributes: [u32; 1],
    }
}

table! {
    /// One row per link of a span.
    SpanLinkRows => SpanLinkTable {
        /// 16 bytes.
        trace_id: [u8; 16],
        /// 8 bytes.
        span_id: [u8; 8],
        /// Text reference.
        trace_state: [u32; 2],
        /// OTLP link flags.
        flags: [u32; 1],
        /// Attributes dropped by limits.
        dropped_attributes: [u32; 1],
    }
}

table! {
    /// One row per event of the events signal. OTLP's `LogRecord`, `opentelemetry/proto/logs/v1/logs.proto`.
    EventRows => EventTable {
        /// Unix nanoseconds, two words.
        time: [u32; 2],
        /// Unix nanoseconds, two words.
        observed_time: [u32; 2],
        /// OTLP's `SeverityNumber`.
        severity_number: [u32; 1],
        /// Text reference.
        severity_text: [u32; 2],
        /// Text reference.
        name: [u32; 2],
        /// Type of the body: OTLP's field number in `AnyValue`, 0 for empty.
        body_type: [u8; 1],
        /// Value of the body, two words, as in an attribute table.
        body_value: [u32; 2],
        /// 16 bytes, zero if none.
        trace_id: [u8; 16],
        /// 8 bytes, zero if none.
        span_id: [u8; 8],
        /// W3C trace flags.
        flags: [u32; 1],
        /// Attributes dropped by limits.
        dropped_attributes: [u32; 1],
        /// Row in the scope table.
        scope: [u32; 1],
    }
}

table! {
    /// One row per instrumentation scope of a resource. OTLP's `ScopeSpans` or `ScopeLogs`.
    ScopeRows => ScopeTable {
        /// Text reference.
        name: [u32; 2],
        /// Text reference.
        version: [u32; 2],
        /// Text reference.
        schema_url: [u32; 2],
        /// Attributes dropped by limits.
        dropped_attributes: [u32; 1],
        /// Row in the resource table.
        resource: [u32; 1],
    }
}

table! {
    /// One row per resource. OTLP's `ResourceSpans` or `ResourceLogs`.
    ResourceRows => ResourceTable {
        /// Text reference.
        schema_url: [u32; 2],
        /// Attributes dropped by limits.
        dropped_attributes: [u32; 1],
    }
}

table! {
    /// The attributes of one kind of owner. `end` has one row per owner, the others one per attribute.
    AttributeRows => AttributeTable {
        /// Prefix sums, one per owner.
        end: [u32; 1],
        /// Text reference.
        key: [u32; 2],
        /// OTLP's field number in `AnyValue`: 0 empty, 1 string, 2 bool, 3 int, 4 double, 5 array, 6 list, 7 bytes.
        kind: [u8; 1],
        /// Two words: 64 bits, a text reference, a reference into the byte arena, or first row and count of nested rows.
        value: [u32; 2],
    }
}

table! {
    /// The elements of array and key-value list values. The elements of one value are neighbours.
    NestedRows => NestedTable {
        /// Text reference, empty in arrays.
        key: [u32; 2],
        /// As in an attribute table.
        kind: [u8; 1],
        /// As in an attribute table.
        value: [u32; 2],
    }
}
