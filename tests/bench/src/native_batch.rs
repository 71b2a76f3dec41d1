//! A batch as an exporter sees it natively: the host's columns themselves, shared and not copied.

use spangate_core::columns as host;
use spangate_sdk::{
    Batch,
    columns::{AttributeTable, Columns, SharedTable, SpanTable},
};

/// Lends the columns of a batch of spans to native code.
pub(crate) fn native_batch(rows: u32, columns: &host::Columns) -> Batch {
    let columns = columns.clone();
    let shared = shared(&columns);
    let attributes = columns.attributes.map(|rows| AttributeTable {
        ends: rows.end,
        keys: rows.key,
        types: rows.kind,
        values: rows.value,
    });
    let spans = spans(columns.spans, columns.span_events, columns.span_links);
    Batch::from_columns(rows, Columns { text: columns.text, spans, shared, attributes, ..Columns::default() })
}

fn spans(spans: host::SpanTable, events: host::SpanEventTable, links: host::SpanLinkTable) -> SpanTable {
    SpanTable {
        trace_ids: spans.trace_id,
        span_ids: spans.span_id,
        parent_span_ids: spans.parent_span_id,
        trace_states: spans.trace_state,
        flags: spans.flags,
        names: spans.name,
        kinds: spans.kind,
        start_times: spans.start_time,
        end_times: spans.end_time,
        status_codes: spans.status_code,
        status_messages: spans.status_message,
        dropped_attributes: spans.dropped_attributes,
        dropped_events: spans.dropped_events,
        dropped_links: spans.dropped_links,
        scopes: spans.scope,
        event_ends: spans.event_end,
        link_ends: spans.link_end,
        event_times: events.time,
        event_names: events.name,
        event_dropped_attributes: events.dropped_attributes,
        link_trace_ids: links.trace_id,
        link_span_ids: links.span_id,
        link_trace_states: links.trace_state,
        link_flags: links.flags,
        link_dropped_attributes: links.dropped_attributes,
    }
}

fn shared(columns: &host::Columns) -> SharedTable {
    let (scopes, resources, nested) = (columns.scopes.clone(), columns.resources.clone(), columns.nested.clone());
    SharedTable {
        scope_names: scopes.name,
        scope_versions: scopes.version,
        scope_schema_urls: scopes.schema_url,
        scope_dropped_attributes: scopes.dropped_attributes,
        scope_resources: scopes.resource,
        resource_schema_urls: resources.schema_url,
        resource_dropped_attributes: resources.dropped_attributes,
        nested_keys: nested.key,
        nested_types: nested.kind,
        nested_values: nested.value,
        bytes: columns.bytes.clone(),
    }
}
