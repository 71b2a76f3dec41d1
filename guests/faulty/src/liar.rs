//! Says that every batch was delivered, and sends nothing.

use crate::{Batch, Outcome, Settings};

pub fn export(_: Batch, _: &Settings) -> Outcome {
    Outcome::Accepted
}
