//! What an author writes: a type that implements [`Exporter`].

use serde::de::DeserializeOwned;

use crate::settings::SettingError;
use crate::{Batch, Description, Outcome, columns};

/// An exporter. Everything but `configure` has a default; write the `export_*` methods of the signals you describe.
///
/// The value lives as long as its instance in the sandbox: not beyond a fault, nor for ever (`wit/README.md`).
/// What it cannot afford to lose it sends in `flush`.
pub trait Exporter: Sized {
    /// The exporter's `[settings]` table. Add `#[serde(deny_unknown_fields)]`: a misspelt key is then an error that
    /// the operator sees.
    type Settings: DeserializeOwned;

    /// What the exporter is and wants. An empty name or version is filled in from the author's `Cargo.toml`.
    ///
    /// Default: ended spans, read through any of their columns. One that forwards a payload instead says so:
    /// `Description::spans().reads(["payload"])`.
    fn describe() -> Description {
        Description::spans().reads(columns::of_spans())
    }

    /// Makes the exporter from its settings, or says everything that is wrong with them.
    fn configure(settings: Self::Settings) -> Result<Self, Vec<SettingError>>;

    /// Delivers ended spans.
    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        let _ = batch;
        Outcome::rejected("this exporter takes no spans")
    }

    /// Delivers spans that have started and not ended.
    fn export_started_spans(&mut self, batch: &Batch) -> Outcome {
        let _ = batch;
        Outcome::rejected("this exporter takes no started spans")
    }

    /// Delivers events.
    fn export_events(&mut self, batch: &Batch) -> Outcome {
        let _ = batch;
        Outcome::rejected("this exporter takes no events")
    }

    /// Called at the interval that the description names. The error is logged.
    fn tick(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Sends what is held back. The error is logged.
    fn flush(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// The last call: no more than a second.
    fn shutdown(&mut self) {}
}
