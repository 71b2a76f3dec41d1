//! Between the contract's exports and an author's [`Exporter`]. Reached through [`export!`](crate::export).

use crate::bindings::exports::spangate::exporter::{
    event_exporter, lifecycle, span_exporter, started_span_exporter, ticker,
};
use crate::bindings::spangate::exporter::batch;
use crate::{Batch, Exporter, Outcome, settings};

/// Where an instance keeps its exporter. Implemented by [`export!`](crate::export).
pub trait Component {
    /// What the author wrote.
    type Exporter: Exporter;
    /// Name of the author's package.
    const PACKAGE: &'static str;
    /// Version of the author's package.
    const VERSION: &'static str;

    /// Lends the exporter: absent until it is configured.
    fn with<R>(call: impl FnOnce(&mut Option<Self::Exporter>) -> R) -> R;
}

fn export<C: Component>(
    handle: batch::Batch,
    call: impl FnOnce(&mut C::Exporter, &Batch) -> Outcome,
) -> batch::Outcome {
    let batch = Batch::new(handle);
    C::with(|exporter| match exporter {
        Some(exporter) => call(exporter, &batch),
        None => Outcome::retry("the exporter is not configured"),
    })
    .into()
}

impl<C: Component> lifecycle::Guest for C {
    fn describe() -> lifecycle::Description {
        C::Exporter::describe().cross(C::PACKAGE, C::VERSION)
    }

    fn configure(settings: String) -> Result<(), Vec<lifecycle::SettingError>> {
        match settings::configure(&settings) {
            Ok(exporter) => {
                C::with(|slot| *slot = Some(exporter));
                Ok(())
            }
            Err(errors) => Err(errors
                .into_iter()
                .map(|error| lifecycle::SettingError { path: error.path, message: error.message })
                .collect()),
        }
    }

    fn flush() -> Result<(), String> {
        C::with(|exporter| exporter.as_mut().map_or(Ok(()), Exporter::flush))
    }

    fn shutdown() {
        C::with(|exporter| exporter.as_mut().map(Exporter::shutdown));
    }
}

impl<C: Component> span_exporter::Guest for C {
    fn export_spans(batch: batch::Batch) -> batch::Outcome {
        export::<C>(batch, Exporter::export_spans)
    }
}

impl<C: Component> started_span_exporter::Guest for C {
    fn export_started_spans(batch: batch::Batch) -> batch::Outcome {
        export::<C>(batch, Exporter::export_started_spans)
    }
}

impl<C: Component> event_exporter::Guest for C {
    fn export_events(batch: batch::Batch) -> batch::Outcome {
        export::<C>(batch, Exporter::export_events)
    }
}

impl<C: Component> ticker::Guest for C {
    fn tick() -> Result<(), String> {
        C::with(|exporter| exporter.as_mut().map_or(Ok(()), Exporter::tick))
    }
}
