//! Records of what a tracer hands over directly.

use std::sync::Arc;

use super::records::{EventRecord, SpanEventRecord, SpanLinkRecord, SpanRecord};
use crate::{event::EventData, scope::Origin, span::SpanData};

/// The record of a span.
pub(super) fn span_record(span: &SpanData, origin: &Origin) -> SpanRecord {
    let events = span.events.iter().map(|(event, attributes)| SpanEventRecord {
        time: event.unix_nanos,
        name: event.name.clone().into_owned(),
        attributes: attributes.to_vec(),
        dropped_attributes: event.dropped_attributes,
    });
    let links = span.links.iter().map(|(link, attributes)| SpanLinkRecord {
        context: link.context.clone(),
        attributes: attributes.to_vec(),
        dropped_attributes: link.dropped_attributes,
    });
    SpanRecord {
        context: span.context.clone(),
        parent_span_id: span.parent_span_id,
        parent_is_remote: span.parent_is_remote,
        name: span.name.clone().into_owned(),
        kind: span.kind,
        start_time: span.start_time,
        end_time: span.end_time,
        attributes: span.attributes.to_vec(),
        events: events.collect(),
        links: links.collect(),
        status: span.status.clone(),
        dropped_attributes: span.attributes.dropped(),
        dropped_events: span.events.dropped(),
        dropped_links: span.links.dropped(),
        resource: origin.resource.clone(),
        scope: Arc::new(origin.scope.clone()),
    }
}

/// The record of an event.
pub(super) fn event_record(event: &EventData, origin: &Origin) -> EventRecord {
    EventRecord {
        name: event.name.clone().into_owned(),
        time: event.time,
        observed_time: event.observed_time,
        severity: event.severity,
        severity_text: event.severity_text.clone().into_owned(),
        body: event.body.clone(),
        trace_id: event.trace_id,
        span_id: event.span_id,
        trace_flags: event.trace_flags,
        attributes: event.attributes.to_vec(),
        dropped_attributes: event.attributes.dropped(),
        resource: origin.resource.clone(),
        scope: Arc::new(origin.scope.clone()),
    }
}
