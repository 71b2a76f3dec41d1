//! Follows pointers through memory in an order that no cache foresees: one instruction per step, each waiting for
//! memory. Fuel counts instructions, so this burns little fuel and much time.

#![expect(unsafe_code, reason = "indices would cost five instructions a step")]

use crate::{Batch, Outcome, Settings};

/// One cache line.
#[repr(C, align(64))]
#[derive(Clone)]
struct Line {
    next: *const Line,
}

const LINES: usize = (10 << 20) / size_of::<Line>();
/// `next = FACTOR * index + STEP` modulo `LINES` visits every line before it comes back: `STEP` shares no prime with
/// `LINES` = 2^15 * 5, and `FACTOR - 1` is a multiple of 4 and 5 (Hull and Dobell, 1962).
const FACTOR: usize = 1 + 20 * 67;
const STEP: usize = 314_189;

pub fn export(_: Batch, _: &Settings) -> Outcome {
    let mut lines = vec![Line { next: std::ptr::null() }; LINES];
    let start = lines.as_ptr();
    for (index, line) in lines.iter_mut().enumerate() {
        line.next = start.wrapping_add((FACTOR * index + STEP) % LINES);
    }
    let mut line = start;
    loop {
        for _ in 0..64 {
            // SAFETY: every `next` points to an element of `lines`, which outlives the loop and is not written any more.
            line = unsafe { (*line).next };
        }
        std::hint::black_box(line);
    }
}
