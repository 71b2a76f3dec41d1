//! What the subscriber tells the layer.

use std::sync::Arc;

use spangate_core::{context::SpanContext, suppression::is_suppressed, tracer::SpanDraft};
use tracing_core::{
    Event, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::{LookupSpan, SpanRef},
};

use crate::{
    event::EventFields,
    fields::{FieldCount, Fields, attributes},
    layer::SpangateLayer,
    metadata,
    recorder::Recorder,
    recording::{Recording, Recordings, State, with_extensions},
    span_fields::SpanFields,
    special,
    writer::Writer,
};

impl<S> Layer<S> for SpangateLayer
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_layer(&mut self, subscriber: &mut S) {
        let subscriber: &dyn Subscriber = subscriber;
        let below = subscriber.downcast_ref::<Self>().map(|layer| layer.recorder.clone());
        Arc::make_mut(&mut self.recorder).below = below;
        self.with_extensions = Some(with_extensions::<S>);
    }

    fn on_new_span(&self, attrs: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id).filter(|_| !is_suppressed()) else { return };
        let recorder = &*self.recorder;
        let tracer = &recorder.tracer;
        let parent = recorder.parent_context(&span);
        let mut draft = tracer.span(attrs.metadata().name()).child_of_context(&parent).defer();
        let skipped_fields = recorder.write_fields(attrs, &mut draft);
        Recordings::add(&mut span.extensions_mut(), Recording::new(recorder, draft, skipped_fields));
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        self.recorder.on_switch(id, &ctx, |recording| {
            let is_child = matches!(&recording.state, State::Pending(draft) if draft.has_local_parent());
            (false, is_child)
        });
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, S>) {
        self.recorder.on_switch(id, &ctx, |recording| (true, matches!(recording.state, State::Pending(_))));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let recorder = &*self.recorder;
        if !recorder.is_worth_writing(&span) {
            let mut count = FieldCount::default();
            values.record(&mut count);
            recorder.with(&span, |recording| recording.skip(count.0));
            return;
        }
        // Looked at before anything is locked: `Debug` may use `tracing` as well.
        let mut fields = Vec::with_capacity(values.len());
        values.record(&mut Fields(|name, value| fields.extend(attributes(name, value))));
        recorder.with(&span, |recording| {
            if let Some(mut writer) = recording.writer(&recorder.tracer) {
                fields.into_iter().for_each(|field| special::write(&mut writer, field));
            }
        });
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, ctx: Context<'_, S>) {
        let recorder = &*self.recorder;
        let context = ctx.span(follows).and_then(|other| recorder.context_of(&other));
        if let (Some(context), Some(span)) = (context, ctx.span(id)) {
            recorder.with(&span, |recording| {
                if let Some(mut writer) = recording.writer(&recorder.tracer) {
                    writer.add_link(context, Vec::new());
                }
            });
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        if is_suppressed() {
            return;
        }
        let recorder = &*self.recorder;
        let Some(span) = ctx.event_span(event) else { return recorder.counts.count_event_outside_spans() };
        let Some(is_recording) = recorder.start(&span) else { return recorder.counts.count_event_outside_spans() };
        if !is_recording {
            return;
        }
        let fields = EventFields::collect(event, recorder.options);
        recorder.with(&span, |recording| {
            if let Some(span) = recording.started(&recorder.tracer) {
                fields.add_to(event, span);
            }
        });
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(&id) else { return };
        // Ended when nothing is locked any more.
        if let Some(recording) = self.recorder.with(&span, Recording::close) {
            recording.end(&self.recorder.tracer);
        }
    }
}

impl Recorder {
    /// Changes what is recorded of a span.
    fn with<'a, R, T>(&self, span: &SpanRef<'a, R>, act: impl FnOnce(&mut Recording) -> T) -> Option<T>
    where
        R: LookupSpan<'a>,
    {
        let mut extensions = span.extensions_mut();
        extensions.get_mut::<Recordings>()?.of_mut(self).map(act)
    }

    /// Looks at what is recorded of a span.
    fn look<'a, R, T>(&self, span: &SpanRef<'a, R>, look: impl FnOnce(&Recording) -> T) -> Option<T>
    where
        R: LookupSpan<'a>,
    {
        let extensions = span.extensions();
        extensions.get::<Recordings>()?.of(self).map(look)
    }

    fn is_worth_writing<'a, R: LookupSpan<'a>>(&self, span: &SpanRef<'a, R>) -> bool {
        self.look(span, Recording::is_worth_writing).unwrap_or_default()
    }

    /// Starts a span if need be. Returns whether it is recording; none if it is none of this layer's.
    fn start<'a, R: LookupSpan<'a>>(&self, span: &SpanRef<'a, R>) -> Option<bool> {
        let is_recording = |recording: &Recording| match &recording.state {
            State::Started(span) => Some(span.is_recording()),
            State::Pending(_) | State::Closed => None,
        };
        if let Some(known) = self.look(span, is_recording)? {
            return Some(known);
        }
        self.with(span, |recording| recording.started(&self.tracer).is_some_and(|span| span.is_recording()))
    }

    /// The context of a span, which is started if need be.
    fn context_of<'a, R: LookupSpan<'a>>(&self, span: &SpanRef<'a, R>) -> Option<SpanContext> {
        if let Some(context) = self.look(span, |recording| recording.known_context().cloned())? {
            return Some(context);
        }
        self.with(span, |recording| recording.started(&self.tracer).map(|span| span.context().clone()))?
    }

    /// The context of the nearest span above that is recorded: explicit, contextual or none, as the registry knows.
    fn parent_context<'a, R: LookupSpan<'a>>(&self, span: &SpanRef<'a, R>) -> SpanContext {
        let above = std::iter::successors(span.parent(), SpanRef::parent);
        above.filter_map(|span| self.context_of(&span)).next().unwrap_or_default()
    }

    /// Returns how many fields were not looked at.
    fn write_fields(&self, attrs: &Attributes<'_>, draft: &mut SpanDraft) -> u32 {
        if draft.is_known_to_be_dropped() {
            let mut count = FieldCount::default();
            attrs.record(&mut count);
            return count.0;
        }
        let mut writer = Writer::Draft(draft, &self.tracer);
        metadata::of_span(self.options, attrs.metadata(), &mut |attribute| writer.set_attribute(attribute));
        attrs.record(&mut SpanFields::new(&mut writer));
        0
    }

    /// A span was entered or left: `decide` says whether it was busy, and whether it is to be started.
    fn on_switch<S>(&self, id: &Id, ctx: &Context<'_, S>, decide: impl Fn(&Recording) -> (bool, bool))
    where
        S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    {
        let Some(span) = ctx.span(id) else { return };
        self.with(&span, |recording| {
            let (was_busy, is_to_start) = decide(recording);
            recording.count_time(&self.tracer, was_busy);
            if is_to_start {
                recording.started(&self.tracer);
            }
        });
    }
}
