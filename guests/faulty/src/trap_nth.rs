//! Panics at every `nth` call of an instance, and accepts the others without sending anything.

use crate::{Batch, CALLS, Outcome, Settings};

pub fn export(_: Batch, settings: &Settings) -> Outcome {
    let calls = CALLS.get();
    assert!(!calls.is_multiple_of(settings.nth.max(1)), "told to panic at call {calls}");
    Outcome::Accepted
}
