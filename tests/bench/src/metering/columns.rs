//! Which column a function of the contract answers with.

use super::host::{Instance, getter, owner_getter};

/// `name` is the function, the rest the path inside the batch's columns.
macro_rules! columns {
    ($instance:expr, $prefix:literal, $($name:literal => $table:ident $(. $column:ident)?),+ $(,)?) => {
        $(getter($instance, concat!($prefix, $name), |batch| batch.columns().$table$(.$column)?.clone())?;)+
    };
}

macro_rules! owner_columns {
    ($instance:expr, $($name:literal => $column:ident),+ $(,)?) => {
        $(owner_getter($instance, concat!("[method]batch.", $name), |batch, of| {
            batch.columns().attributes[of].$column.clone()
        })?;)+
    };
}

/// `spangate:exporter/batch`
///
/// # Errors
/// If one is there already.
pub(super) fn link_batch(instance: &mut Instance<'_>) -> wasmtime::Result<()> {
    getter(instance, "[method]batch.id", |batch| batch.id().0.to_vec())?;
    getter(instance, "[method]batch.attempt", |_| 1_u32)?;
    getter(instance, "[method]batch.len", |batch| batch.len())?;
    getter(instance, "[method]batch.text-is-ascii", |batch| batch.columns().text_is_ascii)?;
    getter(instance, "[method]batch.text-bytes", |batch| batch.columns().text.as_bytes().to_vec())?;
    owner_columns!(
        instance,
        "attribute-ends" => end,
        "attribute-keys" => key,
        "attribute-types" => kind,
        "attribute-values" => value,
    );
    columns!(
        instance,
        "[method]batch.",
        "text" => text,
        "bytes" => bytes,
        "nested-keys" => nested.key,
        "nested-types" => nested.kind,
        "nested-values" => nested.value,
        "scope-names" => scopes.name,
        "scope-versions" => scopes.version,
        "scope-schema-urls" => scopes.schema_url,
        "scope-dropped-attributes" => scopes.dropped_attributes,
        "scope-resources" => scopes.resource,
        "resource-schema-urls" => resources.schema_url,
        "resource-dropped-attributes" => resources.dropped_attributes,
    );
    Ok(())
}

/// `spangate:exporter/spans`
///
/// # Errors
/// If one is there already.
pub(super) fn link_spans(instance: &mut Instance<'_>) -> wasmtime::Result<()> {
    columns!(
        instance,
        "",
        "trace-ids" => spans.trace_id,
        "span-ids" => spans.span_id,
        "parent-span-ids" => spans.parent_span_id,
        "trace-states" => spans.trace_state,
        "flags" => spans.flags,
        "names" => spans.name,
        "kinds" => spans.kind,
        "start-times" => spans.start_time,
        "end-times" => spans.end_time,
        "status-codes" => spans.status_code,
        "status-messages" => spans.status_message,
        "dropped-attributes" => spans.dropped_attributes,
        "dropped-events" => spans.dropped_events,
        "dropped-links" => spans.dropped_links,
        "scopes" => spans.scope,
        "event-ends" => spans.event_end,
        "link-ends" => spans.link_end,
        "event-times" => span_events.time,
        "event-names" => span_events.name,
        "event-dropped-attributes" => span_events.dropped_attributes,
        "link-trace-ids" => span_links.trace_id,
        "link-span-ids" => span_links.span_id,
        "link-trace-states" => span_links.trace_state,
        "link-flags" => span_links.flags,
        "link-dropped-attributes" => span_links.dropped_attributes,
    );
    Ok(())
}
