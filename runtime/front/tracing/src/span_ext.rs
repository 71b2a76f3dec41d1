//! What `tracing` has no word for, on its spans.

use spangate_core::{
    attribute::{Key, KeyValue, Value},
    context::SpanContext,
    span::Status,
};
use tracing::{Span, subscriber::NoSubscriber};

use crate::{
    layer::SpangateLayer,
    recorder::Recorder,
    recording::{Recording, Recordings},
};

/// Why a span did not get the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetParentError {
    /// Nobody records the span.
    #[error("the span is disabled: there is no subscriber, or a filter does not let it through")]
    Disabled,
    /// The span is recorded, but not by this crate.
    #[error("no spangate layer records the span: add one to the subscriber, or let the span through its filter")]
    NoLayer,
    /// Somebody knows already which trace the span belongs to.
    #[error(
        "the span has started: set the parent before its first child, event, link or look at its context, and before it \
         is entered if it has a parent in this process"
    )]
    AlreadyStarted,
}

/// What OpenTelemetry knows about spans and `tracing` does not, spelled as in the ecosystem.
///
/// On a span that is disabled, or that no [`SpangateLayer`] records, everything does nothing. Where a subscriber has
/// several such layers, what is written is written for each, and what is read is the outermost one's.
pub trait SpanExt: sealed::Sealed {
    /// Makes the span a child of a span of another process, or of another span of this process. A context that is not
    /// valid changes nothing: [`crate::extract`] gives one if the request brought none.
    ///
    /// Possible as long as nobody has to know the span's trace: not after its first child, event, link or
    /// [`Self::context`]. A span without a parent in this process may still get one while it is entered for the first
    /// time: `Span::current().set_parent(..)` as the first thing in a function works. One that has a parent in this
    /// process is fixed when it is entered.
    ///
    /// Fields of a span below one that is not sampled are not looked at: if it gets a sampled parent later they are
    /// missing, and counted as dropped attributes. Make such a span with `parent: None`.
    ///
    /// # Errors
    /// [`SetParentError`]; then the span is what it was.
    fn set_parent(&self, parent: impl Into<SpanContext>) -> Result<(), SetParentError>;

    /// What other processes need to know; the span is started if it has not been. Not valid if nobody records the span.
    fn context(&self) -> SpanContext;

    /// Links the span to another, like `follows_from` for spans of other processes. A context that is not valid is
    /// ignored.
    fn add_link(&self, context: SpanContext);

    /// [`Self::add_link`] with attributes that say why.
    fn add_link_with_attributes(&self, context: SpanContext, attributes: Vec<KeyValue>);

    /// Sets an attribute, which need not have been declared as a field. The name means nothing special.
    fn set_attribute(&self, key: impl Into<Key>, value: impl Into<Value>);

    /// Says how the span went. `Ok` is final; `Unset` changes nothing.
    fn set_status(&self, status: Status);

    /// Adds an event that happens now.
    fn add_event(&self, name: impl Into<Key>, attributes: Vec<KeyValue>);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for tracing::Span {}
}

/// Hands over what is recorded of a span, and the outermost layer. None if the span is disabled, none inside if no layer
/// of this crate records it.
fn with_recordings<T>(span: &Span, act: impl FnOnce(&mut Recordings, &SpangateLayer) -> T) -> Option<Option<T>> {
    let answer = span.with_subscriber(|(id, dispatch)| {
        // Without a subscriber a span is disabled or has this one, depending on what other threads have asked for.
        if dispatch.is::<NoSubscriber>() {
            return None;
        }
        let (mut act, mut answer) = (Some(act), None);
        if let Some(layer) = dispatch.downcast_ref::<SpangateLayer>()
            && let Some(with_extensions) = layer.with_extensions
        {
            with_extensions(dispatch, id, &mut |extensions| {
                if let Some(recordings) = extensions.get_mut::<Recordings>() {
                    answer = act.take().map(|act| act(recordings, layer));
                }
            });
        }
        Some(answer)
    });
    answer.flatten()
}

/// Shows every recording of the span to `act`, the outermost layer's first.
fn for_each(span: &Span, mut act: impl FnMut(&mut Recording, &Recorder)) {
    with_recordings(span, |recordings, layer| {
        for recorder in layer.recorders() {
            if let Some(recording) = recordings.of_mut(recorder) {
                act(recording, recorder);
            }
        }
    });
}

impl SpanExt for Span {
    fn set_parent(&self, parent: impl Into<SpanContext>) -> Result<(), SetParentError> {
        let parent = parent.into();
        let is_set = with_recordings(self, |recordings, layer| recordings.set_parent(layer.recorders(), &parent));
        match is_set.ok_or(SetParentError::Disabled)?.flatten().ok_or(SetParentError::NoLayer)? {
            true => Ok(()),
            false => Err(SetParentError::AlreadyStarted),
        }
    }

    fn context(&self) -> SpanContext {
        let mut context = None;
        for_each(self, |recording, recorder| {
            if context.is_none() {
                context = recording.started(&recorder.tracer).map(|span| span.context().clone());
            }
        });
        context.unwrap_or_default()
    }

    fn add_link(&self, context: SpanContext) {
        self.add_link_with_attributes(context, Vec::new());
    }

    fn add_link_with_attributes(&self, context: SpanContext, attributes: Vec<KeyValue>) {
        if !context.is_valid() {
            return;
        }
        for_each(self, |recording, recorder| {
            if let Some(mut writer) = recording.writer(&recorder.tracer) {
                writer.add_link(context.clone(), attributes.clone());
            }
        });
    }

    fn set_attribute(&self, key: impl Into<Key>, value: impl Into<Value>) {
        let attribute = KeyValue::new(key, value);
        for_each(self, |recording, recorder| match recording.writer(&recorder.tracer) {
            Some(mut writer) => writer.set_attribute(attribute.clone()),
            None => recording.skip(1),
        });
    }

    fn set_status(&self, status: Status) {
        for_each(self, |recording, recorder| {
            if let Some(mut writer) = recording.writer(&recorder.tracer) {
                writer.set_status(status.clone());
            }
        });
    }

    fn add_event(&self, name: impl Into<Key>, attributes: Vec<KeyValue>) {
        let name = name.into();
        for_each(self, |recording, recorder| {
            if let Some(span) = recording.started(&recorder.tracer) {
                span.add_event(name.clone(), attributes.iter().cloned());
            }
        });
    }
}
