//! Accepts every batch, and loops for ever in its last call.

use crate::{Batch, Outcome, Settings};

pub fn export(_: Batch, _: &Settings) -> Outcome {
    Outcome::Accepted
}
