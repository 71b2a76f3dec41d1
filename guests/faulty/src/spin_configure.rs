//! Loops for ever when it is configured, so that no batch ever comes here.

use crate::{Batch, Outcome, Settings};

pub fn export(_: Batch, _: &Settings) -> Outcome {
    Outcome::Rejected("configured in spite of an endless loop".to_owned())
}
