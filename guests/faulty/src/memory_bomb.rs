//! Allocates and writes memory without end.

use crate::{Batch, Outcome, Settings};

pub fn export(_: Batch, _: &Settings) -> Outcome {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(vec![0xa5; 1 << 20]);
        std::hint::black_box(&hoard);
    }
}
