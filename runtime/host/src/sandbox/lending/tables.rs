//! The getters of columns.

use wasmtime::component::LinkerInstance;

use super::getter::{getter, owner_getter};
use crate::sandbox::{guest::Guest, observer::Read};

/// Links getters of columns: `name` is the function in WIT, the rest is the path inside `Columns`.
macro_rules! columns {
    ($instance:expr, $interface:literal, $($name:literal => $table:ident $(. $column:ident)?),+ $(,)?) => {
        $(getter($instance, $name, Read::Column($interface, $name), |lent| {
            lent.batch.columns().$table$(.$column)?.clone()
        })?;)+
    };
}

/// Links getters of columns that are methods of a batch, `name` the method.
macro_rules! batch_columns {
    ($instance:expr, $($name:literal => $table:ident $(. $column:ident)?),+ $(,)?) => {
        $(getter($instance, concat!("[method]batch.", $name), Read::Column("batch", $name), |lent| {
            lent.batch.columns().$table$(.$column)?.clone()
        })?;)+
    };
}

/// Links columns per kind of owner.
macro_rules! owner_columns {
    ($instance:expr, $($name:literal => $column:ident),+ $(,)?) => {
        $(owner_getter($instance, concat!("[method]batch.", $name), Read::Column("batch", $name), |columns, of| {
            columns.attributes[of].$column.clone()
        })?;)+
    };
}

pub(super) fn link_tables(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    owner_columns!(
        instance,
        "attribute-ends" => end,
        "attribute-keys" => key,
        "attribute-types" => kind,
        "attribute-values" => value,
    );
    batch_columns!(
        instance,
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

pub(super) fn link_spans(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    columns!(
        instance,
        "spans",
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

pub(super) fn link_events(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    columns!(
        instance,
        "events",
        "times" => events.time,
        "observed-times" => events.observed_time,
        "severity-numbers" => events.severity_number,
        "severity-texts" => events.severity_text,
        "names" => events.name,
        "body-types" => events.body_type,
        "body-values" => events.body_value,
        "trace-ids" => events.trace_id,
        "span-ids" => events.span_id,
        "flags" => events.flags,
        "dropped-attributes" => events.dropped_attributes,
        "scopes" => events.scope,
    );
    Ok(())
}
