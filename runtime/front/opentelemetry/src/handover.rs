//! A finished span of the SDK becomes a span of spangate.

use std::sync::Arc;

use opentelemetry_sdk::{Resource, trace::SpanData};
use spangate_core::{context::SpanId, suppression::is_suppressed, tracer::Tracer};

use crate::{
    attributes::{attribute_of, copy},
    context::{context_of, kind_of, status_of, unix_nanos},
    counts::SpanCounts,
    origins::{Origins, resource_of},
};

/// Where spans are handed over, and under which resource.
pub(crate) struct Handover {
    tracer: Tracer,
    origins: Origins,
    keeps_own_resource: bool,
    pub(crate) counts: SpanCounts,
}

impl Handover {
    pub(crate) fn new(tracer: Tracer) -> Self {
        let origins = Origins::new(tracer.origin().resource.clone());
        Self { tracer, origins, keeps_own_resource: false, counts: SpanCounts::default() }
    }

    /// Spans get the tracer's resource, whatever the provider has.
    pub(crate) fn keep_own_resource(&mut self) {
        self.keeps_own_resource = true;
        self.origins = Origins::new(self.tracer.origin().resource.clone());
    }

    /// The provider's resource, for every span from here on.
    pub(crate) fn set_resource(&mut self, resource: &Resource) {
        if !self.keeps_own_resource {
            self.origins = Origins::new(Arc::new(resource_of(resource)));
        }
    }

    /// Hands a span over, or counts why not. Never waits.
    pub(crate) fn take(&self, span: SpanData) {
        if is_suppressed() {
            return self.counts.count_own_work();
        }
        if !span.span_context.is_sampled() {
            return self.tracer.count_sampled_out();
        }
        let unshared;
        let origin = match self.origins.find(&span.instrumentation_scope) {
            Some(origin) => origin,
            None => {
                unshared = Arc::new(self.origins.make(&span.instrumentation_scope));
                &unshared
            }
        };
        let mut finished = self.tracer.finished_span(origin, context_of(&span.span_context), span.name);
        finished.set_parent(SpanId(span.parent_span_id.to_bytes()), span.parent_span_is_remote);
        finished.set_kind(kind_of(&span.span_kind));
        finished.set_times(unix_nanos(span.start_time), unix_nanos(span.end_time));
        for attribute in &span.attributes {
            copy(attribute, &mut finished);
        }
        finished.add_dropped(span.dropped_attributes_count, span.events.dropped_count, span.links.dropped_count);
        for event in span.events {
            let attributes = event.attributes.into_iter().map(attribute_of);
            finished.add_event(unix_nanos(event.timestamp), event.name, attributes, event.dropped_attributes_count);
        }
        for link in span.links {
            let attributes = link.attributes.into_iter().map(attribute_of);
            finished.add_link(context_of(&link.span_context), attributes, link.dropped_attributes_count);
        }
        finished.set_status(status_of(span.status));
    }
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handover").field("counts", &self.counts).finish_non_exhaustive()
    }
}
