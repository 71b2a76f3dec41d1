//! What all spans of a tracer have in common, and how it is put together.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{EventBuilder, FinishedSpan, SpanBuilder, live_spans::LiveSpans};
use crate::{
    attribute::Key,
    clock::Clock,
    context::SpanContext,
    limits::SpanLimits,
    processor::SpanProcessor,
    resource::Resource,
    sampler::{AlwaysOn, ParentBased, Sampler},
    scope::{InstrumentationScope, Origin},
};

/// Spans that may be live at once, unless the builder is told otherwise.
const MAX_LIVE_SPANS: usize = 65_536;

/// Starts spans and emits events. Cheap to clone.
#[derive(Clone)]
pub struct Tracer {
    pub(super) recorder: Arc<Recorder>,
}

/// Everything a span needs. One per scope; what scopes share is behind further references.
pub(super) struct Recorder {
    pub(super) origin: Arc<Origin>,
    pub(super) sampler: Arc<dyn Sampler>,
    pub(super) limits: SpanLimits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) processor: Arc<dyn SpanProcessor>,
    pub(super) live: Arc<LiveSpans>,
    pub(super) is_disabled: bool,
    late: Arc<AtomicU64>,
}

impl Recorder {
    pub(super) fn count_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }
}

impl Tracer {
    /// Begins a tracer that reads this clock and hands its records to this processor.
    pub fn builder(clock: Arc<dyn Clock>, processor: Arc<dyn SpanProcessor>) -> TracerBuilder {
        TracerBuilder {
            clock,
            processor,
            resource: Resource::default(),
            scope: InstrumentationScope::default(),
            sampler: Arc::new(ParentBased::new(AlwaysOn)),
            limits: SpanLimits::default(),
            max_live_spans: MAX_LIVE_SPANS,
            is_disabled: false,
        }
    }

    /// A tracer for another part of the program. Resource, sampler, limits and counts are shared.
    /// Make one per part and keep it: spans of many scopes take more room.
    #[must_use]
    pub fn with_scope(&self, scope: InstrumentationScope) -> Self {
        let recorder = &self.recorder;
        let origin = Origin { resource: recorder.origin.resource.clone(), scope };
        Self {
            recorder: Arc::new(Recorder {
                origin: Arc::new(origin),
                sampler: recorder.sampler.clone(),
                limits: recorder.limits.clone(),
                clock: recorder.clock.clone(),
                processor: recorder.processor.clone(),
                live: recorder.live.clone(),
                is_disabled: recorder.is_disabled,
                late: recorder.late.clone(),
            }),
        }
    }

    /// Begins a span: a root, unless the builder is given a parent.
    #[inline]
    pub fn span(&self, name: impl Into<Key>) -> SpanBuilder<'_> {
        SpanBuilder::new(self, name.into())
    }

    /// Begins an event of the events signal.
    pub fn event(&self, name: impl Into<Key>) -> EventBuilder<'_> {
        EventBuilder::new(self, name.into())
    }

    /// Begins to hand over a span that something else recorded, under the ids it has: for front ends of other
    /// libraries. It is of `origin`, which may be this tracer's own, and is to be the same `Arc` for every span of one
    /// scope. Nobody is asked whether it is sampled, and it never counts as live.
    #[inline]
    pub fn finished_span<'a>(
        &'a self,
        origin: &'a Arc<Origin>,
        context: SpanContext,
        name: impl Into<Key>,
    ) -> FinishedSpan<'a> {
        FinishedSpan::new(&self.recorder, origin, context, name.into())
    }

    /// Counts a span that something else began and decided against.
    pub fn count_sampled_out(&self) {
        if !self.recorder.is_disabled {
            self.recorder.processor.on_sampled_out();
        }
    }

    /// The resource and the scope of what this tracer records.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.recorder.origin
    }

    /// The clock that this tracer reads.
    pub fn clock(&self) -> &dyn Clock {
        &*self.recorder.clock
    }

    /// Whether nothing is recorded, see [`TracerBuilder::disabled`].
    pub fn is_disabled(&self) -> bool {
        self.recorder.is_disabled
    }

    /// Sampled spans that have started and not ended; exact while no thread starts or ends one.
    pub fn live_spans(&self) -> u64 {
        self.recorder.live.count()
    }

    /// Calls on spans that had ended already: a defect of the instrumentation. Each was ignored.
    pub fn late_calls(&self) -> u64 {
        self.recorder.late.load(Ordering::Relaxed)
    }
}

/// Puts a [`Tracer`] together.
pub struct TracerBuilder {
    clock: Arc<dyn Clock>,
    processor: Arc<dyn SpanProcessor>,
    resource: Resource,
    scope: InstrumentationScope,
    sampler: Arc<dyn Sampler>,
    limits: SpanLimits,
    max_live_spans: usize,
    is_disabled: bool,
}

impl TracerBuilder {
    /// What produces the telemetry. Default: an unknown service.
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.resource = resource;
        self
    }

    /// Which part of the program records. Default: no name.
    #[must_use]
    pub fn scope(mut self, scope: InstrumentationScope) -> Self {
        self.scope = scope;
        self
    }

    /// Which traces are recorded. Default: all roots, and what a parent in another process decided.
    #[must_use]
    pub fn sampler(mut self, sampler: impl Sampler + 'static) -> Self {
        self.sampler = Arc::new(sampler);
        self
    }

    /// How much one span may carry.
    #[must_use]
    pub fn limits(mut self, limits: SpanLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How many sampled spans may be live at once; further ones are counted as `live_span_cap` and not recorded.
    /// Default 65,536. From 1,024 on, threads hold permits in advance: a quarter of the cap may lie with idle threads.
    #[must_use]
    pub fn max_live_spans(mut self, max_live_spans: usize) -> Self {
        self.max_live_spans = max_live_spans;
        self
    }

    /// Whether nothing is recorded, sampled or counted. A span then stands for its parent, so that what other processes
    /// decided passes through unchanged. Source: OpenTelemetry specification, `OTEL_SDK_DISABLED`. Default: false.
    #[must_use]
    pub fn disabled(mut self, is_disabled: bool) -> Self {
        self.is_disabled = is_disabled;
        self
    }

    /// The tracer.
    pub fn build(self) -> Tracer {
        let recorder = Recorder {
            origin: Arc::new(Origin { resource: Arc::new(self.resource), scope: self.scope }),
            sampler: self.sampler,
            limits: self.limits,
            clock: self.clock,
            processor: self.processor,
            live: Arc::new(LiveSpans::new(self.max_live_spans)),
            is_disabled: self.is_disabled,
            late: Arc::default(),
        };
        Tracer { recorder: Arc::new(recorder) }
    }
}
