//! What a subscriber keeps for the layer about one of its spans.
//!
//! Constraints: the parent in another process is often known only after the span was made, and the sampler has to see it;
//! a span may be used by several threads at once; while its extensions are locked nothing of the application is called
//! that might use `tracing` again, such as `Debug`.
//!
//! Design: a span is kept as a draft until somebody has to know it: its first child, an event, a link to it, a look at its
//! context. One with a parent in this process is started when it is entered; a root when it is left for the first time,
//! so that code inside can still give it a parent.

use std::time::Duration;

use spangate_core::{
    context::{SpanContext, SpanId, TraceId},
    tracer::{Span, SpanDraft, Tracer},
};
use tracing_core::{Dispatch, Subscriber, span::Id};
use tracing_subscriber::registry::{ExtensionsMut, LookupSpan, SpanRef};

use crate::{recorder::Recorder, writer::Writer};

/// Finds a span by its id in the subscriber that a layer is part of.
pub(crate) type WithExtensions = fn(&Dispatch, &Id, &mut dyn FnMut(&mut ExtensionsMut<'_>));

/// The [`WithExtensions`] of subscribers of type `S`.
pub(crate) fn with_extensions<S>(dispatch: &Dispatch, id: &Id, act: &mut dyn FnMut(&mut ExtensionsMut<'_>))
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    if let Some(span) = dispatch.downcast_ref::<S>().and_then(|subscriber| subscriber.span(id)) {
        act(&mut span.extensions_mut());
    }
}

/// A span's recordings: one for each layer of this kind, nearly always one.
pub(crate) struct Recordings {
    first: Recording,
    others: Vec<Recording>,
}

/// What one layer records of one span.
pub(crate) struct Recording {
    owner: usize,
    pub(crate) state: State,
    /// Fields that were not looked at, because the parent was not sampled.
    skipped_fields: u32,
    times: Option<Times>,
}

/// How far a span is.
pub(crate) enum State {
    Pending(SpanDraft),
    Started(Span),
    Closed,
}

/// For how long a span was entered and not entered, and since when.
#[derive(Clone, Copy)]
struct Times {
    busy: Duration,
    idle: Duration,
    last: Duration,
}

impl Recordings {
    /// The recording of a layer.
    pub(crate) fn of(&self, recorder: &Recorder) -> Option<&Recording> {
        let owner = recorder.counts.address();
        std::iter::once(&self.first).chain(&self.others).find(|recording| recording.owner == owner)
    }

    /// The recording of a layer.
    pub(crate) fn of_mut(&mut self, recorder: &Recorder) -> Option<&mut Recording> {
        let owner = recorder.counts.address();
        std::iter::once(&mut self.first).chain(&mut self.others).find(|recording| recording.owner == owner)
    }

    /// Gives the recordings of these layers the parent, or none of them: an outer layer's may have started where an inner
    /// one's has not. A parent that is not valid changes nothing. None if these layers do not record the span.
    pub(crate) fn set_parent<'a>(
        &mut self,
        layers: impl Iterator<Item = &'a Recorder> + Clone,
        parent: &SpanContext,
    ) -> Option<bool> {
        let mut recordings = layers.clone().filter_map(|layer| self.of(layer)).peekable();
        recordings.peek()?;
        if !parent.is_valid() {
            return Some(true);
        }
        let is_possible = recordings.all(Recording::may_get_parent);
        if is_possible {
            layers.for_each(|layer| self.of_mut(layer).into_iter().for_each(|recording| recording.set_parent(parent)));
        }
        Some(is_possible)
    }

    /// Keeps one more recording of a span.
    pub(crate) fn add(extensions: &mut ExtensionsMut<'_>, recording: Recording) {
        match extensions.get_mut::<Self>() {
            Some(recordings) => recordings.others.push(recording),
            None => extensions.insert(Self { first: recording, others: Vec::new() }),
        }
    }
}

impl Recording {
    pub(crate) fn new(recorder: &Recorder, draft: SpanDraft, skipped_fields: u32) -> Self {
        let now = || recorder.tracer.clock().monotonic();
        let times = recorder.options.tracks_inactivity.then(|| Times {
            busy: Duration::ZERO,
            idle: Duration::ZERO,
            last: now(),
        });
        Self { owner: recorder.counts.address(), state: State::Pending(draft), skipped_fields, times }
    }

    /// The span, started if need be. None after the end.
    pub(crate) fn started(&mut self, tracer: &Tracer) -> Option<&mut Span> {
        if let State::Pending(_) = self.state
            && let State::Pending(draft) = std::mem::replace(&mut self.state, State::Closed)
        {
            let mut span = draft.start(tracer);
            if self.skipped_fields > 0 && span.is_recording() {
                span.add_dropped_attributes(self.skipped_fields);
            }
            self.state = State::Started(span);
        }
        match &mut self.state {
            State::Started(span) => Some(span),
            State::Pending(_) | State::Closed => None,
        }
    }

    /// Where attributes go, without starting the span. None if there is no use in writing.
    pub(crate) fn writer<'a>(&'a mut self, tracer: &'a Tracer) -> Option<Writer<'a>> {
        match &mut self.state {
            State::Pending(draft) if draft.is_known_to_be_dropped() => None,
            State::Pending(draft) => Some(Writer::Draft(draft, tracer)),
            State::Started(span) if span.is_recording() => Some(Writer::Span(span)),
            State::Started(_) | State::Closed => None,
        }
    }

    /// Whether anything that is written will be exported, as far as is known.
    pub(crate) fn is_worth_writing(&self) -> bool {
        match &self.state {
            State::Pending(draft) => !draft.is_known_to_be_dropped(),
            State::Started(span) => span.is_recording(),
            State::Closed => false,
        }
    }

    /// Whether nobody knows yet which trace the span belongs to.
    fn may_get_parent(&self) -> bool {
        matches!(&self.state, State::Pending(draft) if !draft.has_ids())
    }

    fn set_parent(&mut self, parent: &SpanContext) {
        if let State::Pending(draft) = &mut self.state {
            draft.set_parent(parent);
        }
    }

    /// Counts fields that were not looked at.
    pub(crate) fn skip(&mut self, fields: u32) {
        if let State::Pending(_) = self.state {
            self.skipped_fields = self.skipped_fields.saturating_add(fields);
        }
    }

    /// The context, if the span has started.
    pub(crate) fn known_context(&self) -> Option<&SpanContext> {
        match &self.state {
            State::Started(span) => Some(span.context()),
            State::Pending(_) | State::Closed => None,
        }
    }

    fn ids(&mut self) -> Option<(TraceId, SpanId)> {
        match &mut self.state {
            State::Pending(draft) => Some(draft.ids()),
            State::Started(span) => Some((span.context().trace_id, span.context().span_id)),
            State::Closed => None,
        }
    }

    /// Counts the time since the last call, as busy or as idle.
    pub(crate) fn count_time(&mut self, tracer: &Tracer, was_busy: bool) {
        let Some(times) = &mut self.times else { return };
        let now = tracer.clock().monotonic();
        let passed = now.saturating_sub(times.last);
        let sum = if was_busy { &mut times.busy } else { &mut times.idle };
        *sum = sum.saturating_add(passed);
        times.last = now;
    }

    /// Takes the span out for its end.
    pub(crate) fn close(&mut self) -> Self {
        let Self { owner, skipped_fields, times, .. } = *self;
        Self { owner, state: std::mem::replace(&mut self.state, State::Closed), skipped_fields, times }
    }

    /// Ends the span, which is dropped.
    pub(crate) fn end(mut self, tracer: &Tracer) {
        self.count_time(tracer, false);
        let times = self.times;
        let Some(span) = self.started(tracer) else { return };
        if let Some(times) = times {
            let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
            span.set_attribute("busy_ns", nanos(times.busy));
            span.set_attribute("idle_ns", nanos(times.idle));
        }
    }
}

/// The ids under which a span is recorded: for whoever formats logs or events and is handed a [`SpanRef`].
///
/// The ids and the parent are fixed by asking; whether the span is sampled is not decided. None if no layer of this crate
/// records the span, or the tracer is disabled and there is no parent to stand for. If there are several layers in the
/// subscriber, the ids are those of the lowest. Outside of layers, [`crate::SpanExt::context`] tells more.
pub fn ids_of<'a, R: LookupSpan<'a>>(span: &SpanRef<'a, R>) -> Option<(TraceId, SpanId)> {
    let of_context = |context: &SpanContext| (context.trace_id, context.span_id);
    let known =
        span.extensions().get::<Recordings>().map(|recordings| recordings.first.known_context().map(of_context))?;
    let ids = known.or_else(|| span.extensions_mut().get_mut::<Recordings>()?.first.ids());
    ids.filter(|(trace_id, _)| trace_id.is_valid())
}
