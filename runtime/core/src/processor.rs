//! The seam between recording and what takes the records in.

use std::sync::Arc;

use crate::{event::EventData, scope::Origin, span::SpanData};

/// Takes what tracers record. Called on the application's threads: it must never block, and everything it is told has
/// to end up in a count.
pub trait SpanProcessor: Send + Sync {
    /// A span was not sampled.
    fn on_sampled_out(&self) {}

    /// A sampled span was not recorded, because too many spans are live already.
    fn on_live_span_cap(&self) {}

    /// A span has started; attributes given before the start are there.
    fn on_start(&self, _span: &SpanData, _origin: &Arc<Origin>) {}

    /// A span has ended. Its memory is used again: copy what is to be kept.
    fn on_end(&self, span: &SpanData, origin: &Arc<Origin>);

    /// An event of the events signal was recorded.
    fn on_event(&self, event: &EventData, origin: &Arc<Origin>);
}
