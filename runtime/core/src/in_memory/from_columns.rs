//! Records of what a pipeline hands over: rows of columns.

use std::sync::Arc;

use super::records::{EventRecord, SpanEventRecord, SpanLinkRecord, SpanRecord};
use crate::{
    columns::{Columns, Owner, id_at, owned, pair, u64_at},
    context::{SpanContext, SpanId, TraceFlags, TraceId, TraceState},
    event::Severity,
    resource::Resource,
    scope::InstrumentationScope,
    span::{SpanKind, Status},
};

/// OTLP's span flags: the parent, or the linked span, is in another process.
const IS_REMOTE: u32 = 0x200;

/// Reads rows; resources and scopes are read once and shared.
pub(super) struct RowReader<'a> {
    columns: &'a Columns,
    resources: Vec<Arc<Resource>>,
    scopes: Vec<(Arc<InstrumentationScope>, usize)>,
}

impl<'a> RowReader<'a> {
    pub(super) fn new(columns: &'a Columns) -> Self {
        let resources = (0..columns.resources.dropped_attributes.len()).map(|row| {
            let schema_url = text(columns, &columns.resources.schema_url, row).into();
            Arc::new(Resource::received(columns.key_values(Owner::Resource, row), schema_url))
        });
        let scopes = columns.scopes.resource.iter().enumerate().map(|(row, resource)| {
            let scope = InstrumentationScope {
                name: text(columns, &columns.scopes.name, row).into(),
                version: text(columns, &columns.scopes.version, row).into(),
                schema_url: text(columns, &columns.scopes.schema_url, row).into(),
                attributes: columns.key_values(Owner::Scope, row),
            };
            (Arc::new(scope), *resource as usize)
        });
        Self { columns, resources: resources.collect(), scopes: scopes.collect() }
    }

    /// A row of the span table.
    pub(super) fn span(&self, row: usize) -> SpanRecord {
        let (columns, spans) = (self.columns, &self.columns.spans);
        let flags = number(&spans.flags, row);
        let (resource, scope) = self.origin(number(&spans.scope, row));
        SpanRecord {
            context: SpanContext {
                trace_id: TraceId(id_at(&spans.trace_id, row)),
                span_id: SpanId(id_at(&spans.span_id, row)),
                trace_flags: trace_flags(flags),
                is_remote: false,
                trace_state: trace_state(columns, &spans.trace_state, row),
            },
            parent_span_id: SpanId(id_at(&spans.parent_span_id, row)),
            parent_is_remote: flags & IS_REMOTE != 0,
            name: text(columns, &spans.name, row),
            kind: kind(spans.kind.get(row).copied().unwrap_or_default()),
            start_time: u64_at(&spans.start_time, row),
            end_time: u64_at(&spans.end_time, row),
            attributes: columns.key_values(Owner::Span, row),
            events: owned(&spans.event_end, row).map(|event| self.span_event(event)).collect(),
            links: owned(&spans.link_end, row).map(|link| self.span_link(link)).collect(),
            status: match spans.status_code.get(row) {
                Some(1) => Status::Ok,
                Some(2) => Status::error(text(columns, &spans.status_message, row)),
                _ => Status::Unset,
            },
            dropped_attributes: number(&spans.dropped_attributes, row),
            dropped_events: number(&spans.dropped_events, row),
            dropped_links: number(&spans.dropped_links, row),
            resource,
            scope,
        }
    }

    /// A row of the event table.
    pub(super) fn event(&self, row: usize) -> EventRecord {
        let (columns, events) = (self.columns, &self.columns.events);
        let (resource, scope) = self.origin(number(&events.scope, row));
        let body_type = events.body_type.get(row).copied().unwrap_or_default();
        EventRecord {
            name: text(columns, &events.name, row),
            time: u64_at(&events.time, row),
            observed_time: u64_at(&events.observed_time, row),
            severity: Severity(u8::try_from(number(&events.severity_number, row)).unwrap_or_default()),
            severity_text: text(columns, &events.severity_text, row),
            body: columns.value(body_type, pair(&events.body_value, row)),
            trace_id: TraceId(id_at(&events.trace_id, row)),
            span_id: SpanId(id_at(&events.span_id, row)),
            trace_flags: trace_flags(number(&events.flags, row)),
            attributes: columns.key_values(Owner::Event, row),
            dropped_attributes: number(&events.dropped_attributes, row),
            resource,
            scope,
        }
    }

    fn span_event(&self, row: usize) -> SpanEventRecord {
        let events = &self.columns.span_events;
        SpanEventRecord {
            time: u64_at(&events.time, row),
            name: text(self.columns, &events.name, row),
            attributes: self.columns.key_values(Owner::SpanEvent, row),
            dropped_attributes: number(&events.dropped_attributes, row),
        }
    }

    fn span_link(&self, row: usize) -> SpanLinkRecord {
        let links = &self.columns.span_links;
        let flags = number(&links.flags, row);
        SpanLinkRecord {
            context: SpanContext {
                trace_id: TraceId(id_at(&links.trace_id, row)),
                span_id: SpanId(id_at(&links.span_id, row)),
                trace_flags: trace_flags(flags),
                is_remote: flags & IS_REMOTE != 0,
                trace_state: trace_state(self.columns, &links.trace_state, row),
            },
            attributes: self.columns.key_values(Owner::SpanLink, row),
            dropped_attributes: number(&links.dropped_attributes, row),
        }
    }

    /// Resource and scope of a scope's row; without attributes if there is no such row.
    fn origin(&self, scope: u32) -> (Arc<Resource>, Arc<InstrumentationScope>) {
        let Some((scope, resource)) = self.scopes.get(scope as usize) else {
            return (Arc::new(Resource::received(Vec::new(), "".into())), Arc::default());
        };
        let resource = self.resources.get(*resource).cloned();
        (resource.unwrap_or_else(|| Arc::new(Resource::received(Vec::new(), "".into()))), scope.clone())
    }
}

fn text(columns: &Columns, references: &[u32], row: usize) -> String {
    columns.text_at(pair(references, row)).to_owned()
}

fn number(column: &[u32], row: usize) -> u32 {
    column.get(row).copied().unwrap_or_default()
}

fn trace_flags(flags: u32) -> TraceFlags {
    TraceFlags((flags & 0xff) as u8)
}

/// An invalid trace state, which somebody else sent, is left out.
fn trace_state(columns: &Columns, references: &[u32], row: usize) -> TraceState {
    TraceState::from_headers([columns.text_at(pair(references, row))]).unwrap_or_default()
}

/// OTLP asks to take an unspecified kind for an internal one.
fn kind(number: u8) -> SpanKind {
    match number {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}
