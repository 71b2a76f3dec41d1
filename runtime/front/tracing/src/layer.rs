//! The layer and its options.

use std::sync::Arc;

use spangate_core::tracer::Tracer;

use crate::{
    counts::LayerCounts,
    recorder::{Options, Recorder},
    recording::WithExtensions,
};

/// A layer that records into `tracer`, with default options.
pub fn layer(tracer: Tracer) -> SpangateLayer {
    SpangateLayer::new(tracer)
}

/// Records the spans of `tracing` with a [`Tracer`], and the events inside them. Works on any subscriber that keeps spans
/// for its layers, such as [`tracing_subscriber::Registry`], alone or below a per-layer filter. There may be several in
/// one subscriber; each records for itself.
///
/// Everything is recorded in the tracer's one instrumentation scope: `runtime.tracer("shop")` names it. Targets are an
/// attribute, because spans of many scopes take more room and threads that alternate between scopes contend for them.
///
/// The tracer's sampler and processor run inside the layer: they must not use `tracing` themselves.
#[must_use = "a layer does something once it is part of a subscriber"]
pub struct SpangateLayer {
    pub(crate) recorder: Arc<Recorder>,
    /// How the span extensions of the subscriber are reached, once there is one.
    pub(crate) with_extensions: Option<WithExtensions>,
}

impl SpangateLayer {
    /// A layer that records into `tracer`, with default options.
    pub fn new(tracer: Tracer) -> Self {
        let options = Options {
            has_level: false,
            has_target: true,
            has_location: false,
            has_threads: false,
            tracks_inactivity: false,
            sets_status: true,
            names_exceptions: true,
        };
        let recorder = Recorder { tracer, options, counts: LayerCounts::default(), below: None };
        Self { recorder: Arc::new(recorder), with_extensions: None }
    }

    /// Whether spans get an attribute `level`. Events always have one. Default: no.
    pub fn with_level(self, has_level: bool) -> Self {
        self.with(|options| options.has_level = has_level)
    }

    /// Whether spans get an attribute `target`. Events always have one. Default: yes.
    pub fn with_target(self, has_target: bool) -> Self {
        self.with(|options| options.has_target = has_target)
    }

    /// Whether spans and events get `code.file.path` and `code.line.number`. Default: no, because it makes every span
    /// larger, and because paths of dependencies tell about the machine that compiled them.
    pub fn with_location(self, has_location: bool) -> Self {
        self.with(|options| options.has_location = has_location)
    }

    /// Whether spans get `thread.id` and, if it has one, `thread.name` of the thread that made them. Default: no.
    pub fn with_threads(self, has_threads: bool) -> Self {
        self.with(|options| options.has_threads = has_threads)
    }

    /// Whether spans get `busy_ns` and `idle_ns`: nanoseconds during which they were entered and were not. A span that is
    /// entered by several threads at once may be busy for longer than it lasted. Default: no.
    pub fn with_tracked_inactivity(self, tracks_inactivity: bool) -> Self {
        self.with(|options| options.tracks_inactivity = tracks_inactivity)
    }

    /// Whether an event of level ERROR makes its span's status an error, described by the event's error or message.
    /// Default: yes.
    pub fn with_error_events_to_status(self, sets_status: bool) -> Self {
        self.with(|options| options.sets_status = sets_status)
    }

    /// Whether an event with a field `error` and no message is named `exception`, and its error recorded as
    /// `exception.message`. Default: yes.
    pub fn with_error_events_to_exceptions(self, names_exceptions: bool) -> Self {
        self.with(|options| options.names_exceptions = names_exceptions)
    }

    /// What the layer was told and did not record.
    pub fn counts(&self) -> LayerCounts {
        self.recorder.counts.clone()
    }

    /// This layer's recorder, and those of the layers of this kind below it.
    pub(crate) fn recorders(&self) -> impl Iterator<Item = &Recorder> + Clone {
        std::iter::successors(Some(&*self.recorder), |recorder| recorder.below.as_deref())
    }

    fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut Arc::make_mut(&mut self.recorder).options);
        self
    }
}

impl std::fmt::Debug for SpangateLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpangateLayer").field("options", &self.recorder.options).finish_non_exhaustive()
    }
}
