//! Recurses until the stack ends.

use crate::{Batch, Outcome, Settings};

pub fn export(batch: Batch, _: &Settings) -> Outcome {
    Outcome::Rejected(dive(batch.attempt().into()).to_string())
}

// Neither a tail call nor a sum that a compiler turns into a loop. Nothing is kept in linear memory: the stack that ends
// is the engine's own.
#[expect(unconditional_recursion, reason = "that is the fault")]
fn dive(depth: u64) -> u64 {
    let below = dive(depth.wrapping_mul(3) + 1);
    dive(below ^ depth).rotate_left(7) ^ below
}
