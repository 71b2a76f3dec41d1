//! Loops for ever.

use crate::{Batch, Outcome, Settings};

pub fn export(_: Batch, _: &Settings) -> Outcome {
    forever()
}

pub fn forever() -> ! {
    let mut turns = 0u64;
    loop {
        turns = turns.wrapping_add(1);
        std::hint::black_box(turns);
    }
}
