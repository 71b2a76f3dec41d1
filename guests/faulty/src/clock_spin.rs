//! Asks for the time for ever: next to no instructions of its own, all of the work is the host's.

use crate::exporter::clock;
use crate::{Batch, Outcome, Settings};

pub fn export(_: Batch, _: &Settings) -> Outcome {
    loop {
        std::hint::black_box(clock::now() ^ clock::monotonic());
    }
}
