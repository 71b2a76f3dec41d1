//! Reads nothing, three columns or every field of a batch, and delivers nowhere: for measuring what crossing costs.
//!
//! What is read goes through a [`Checksum`], the same natively and in the sandbox.

mod checksum;

use std::hint::black_box;

use serde::Deserialize;
use spangate_sdk::{Batch, Description, Exporter, Outcome, SettingError};

pub use checksum::{Checksum, every_field, three_columns};

/// `[settings]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How much of a batch is read.
    mode: Mode,
    /// Refuse every batch with the checksum as the reason, so that it can be compared with another's.
    #[serde(default)]
    tell: bool,
}

/// How much of a batch is read.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing.
    Ignore,
    /// Start times, end times and status codes.
    ThreeColumns,
    /// Every field of every span, event, link, scope, resource and attribute.
    EveryField,
}

/// The exporter.
pub struct Crossing(Settings);

impl Exporter for Crossing {
    type Settings = Settings;

    fn describe() -> Description {
        Description::spans()
    }

    fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
        Ok(Self(settings))
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        let checksum = match self.0.mode {
            Mode::Ignore => 0,
            Mode::ThreeColumns => three_columns(batch),
            Mode::EveryField => every_field(batch),
        };
        match black_box(checksum) {
            checksum if self.0.tell => Outcome::rejected(format!("{checksum:016x}")),
            _ => Outcome::Accepted,
        }
    }
}

spangate_sdk::export!(Crossing);
