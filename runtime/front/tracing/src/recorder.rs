//! What a layer records with.

use std::sync::Arc;

use spangate_core::tracer::Tracer;

use crate::counts::LayerCounts;

/// What the layer records with.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) tracer: Tracer,
    pub(crate) options: Options,
    pub(crate) counts: LayerCounts,
    /// The next layer of this kind in the same subscriber.
    pub(crate) below: Option<Arc<Recorder>>,
}

/// What is recorded beside fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) has_level: bool,
    pub(crate) has_target: bool,
    pub(crate) has_location: bool,
    pub(crate) has_threads: bool,
    pub(crate) tracks_inactivity: bool,
    pub(crate) sets_status: bool,
    pub(crate) names_exceptions: bool,
}
