//! Accepts every batch and drops no handle to any.

use std::mem::ManuallyDrop;

use crate::{Batch, Outcome, Settings};

pub fn export(batch: Batch, _: &Settings) -> Outcome {
    let _ = ManuallyDrop::new(batch);
    Outcome::Accepted
}
