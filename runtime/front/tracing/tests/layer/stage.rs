//! A subscriber whose spans end in memory, on a clock that stands still.

use std::sync::Arc;

use spangate_tracing::{
    SpangateLayer,
    core::{
        attribute::Value,
        clock::ManualClock,
        context::{SpanContext, SpanId, TraceFlags, TraceId},
        in_memory::{InMemoryExporter, SpanRecord},
        sampler::{AlwaysOn, ParentBased, Sampler, SamplingDecision, SamplingParameters},
        tracer::{Tracer, TracerBuilder},
    },
    layer,
};
use tracing_subscriber::{Registry, layer::SubscriberExt, registry};

pub(crate) struct Stage {
    pub(crate) memory: InMemoryExporter,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tracer: Tracer,
}

/// Records what nobody else decided.
pub(crate) fn stage() -> Stage {
    stage_with(ParentBased::new(AlwaysOn))
}

pub(crate) fn stage_with(sampler: impl Sampler + 'static) -> Stage {
    build(|builder| builder.sampler(sampler))
}

/// `OTEL_SDK_DISABLED`.
pub(crate) fn disabled_stage() -> Stage {
    build(|builder| builder.disabled(true))
}

fn build(change: impl FnOnce(TracerBuilder) -> TracerBuilder) -> Stage {
    let (memory, clock) = (InMemoryExporter::new(), Arc::new(ManualClock::at_unix_nanos(1_000)));
    let tracer = change(Tracer::builder(clock.clone(), Arc::new(memory.clone()))).build();
    Stage { memory, clock, tracer }
}

impl Stage {
    pub(crate) fn layer(&self) -> SpangateLayer {
        layer(self.tracer.clone())
    }

    pub(crate) fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        let registry: Registry = registry();
        registry.with(self.layer())
    }

    /// Runs `act` with a subscriber of the default layer, and returns the spans that ended.
    pub(crate) fn run<T>(&self, act: impl FnOnce() -> T) -> Vec<SpanRecord> {
        tracing::subscriber::with_default(self.subscriber(), act);
        self.memory.finished_spans()
    }

    /// The same with a layer that has options.
    pub(crate) fn run_with(&self, layer: SpangateLayer, act: impl FnOnce()) -> Vec<SpanRecord> {
        tracing::subscriber::with_default(registry().with(layer), act);
        self.memory.finished_spans()
    }
}

/// The only span of this name.
pub(crate) fn named<'a>(spans: &'a [SpanRecord], name: &str) -> &'a SpanRecord {
    let mut found = spans.iter().filter(|span| span.name == name);
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    let span = found.next().unwrap_or_else(|| panic!("no {name} in {names:?}"));
    assert!(found.next().is_none(), "several {name} in {names:?}");
    span
}

/// Attributes without those that every span has.
pub(crate) fn fields(span: &SpanRecord) -> Vec<(&str, Value)> {
    let own = span.attributes.iter().filter(|attribute| attribute.key != "target");
    own.map(|attribute| (&*attribute.key, attribute.value.clone())).collect()
}

/// A span of another process.
pub(crate) fn remote(trace_flags: TraceFlags) -> SpanContext {
    SpanContext {
        trace_id: TraceId([7; 16]),
        span_id: SpanId([8; 8]),
        trace_flags,
        is_remote: true,
        ..SpanContext::default()
    }
}

/// Samples every second trace, beginning with none, and counts how often it was asked.
#[derive(Default)]
pub(crate) struct EverySecond(pub(crate) Arc<std::sync::atomic::AtomicU32>);

impl Sampler for EverySecond {
    fn should_sample(&self, _: &SamplingParameters<'_>) -> SamplingDecision {
        let asked = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        SamplingDecision::from_sampled(asked % 2 == 1)
    }
}

/// Must not be formatted.
pub(crate) struct Untouchable;

impl std::fmt::Debug for Untouchable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("a field was formatted that nobody needs")
    }
}
