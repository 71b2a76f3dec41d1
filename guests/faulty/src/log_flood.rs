//! Floods the log and standard error: many lines, long lines, line breaks and escape sequences inside a line.

use crate::exporter::log::{Level, log};
use crate::{Batch, Outcome, Settings};

const LINES: u32 = 2_000;

pub fn export(_: Batch, _: &Settings) -> Outcome {
    let long = "long ".repeat(200_000);
    for line in 0..LINES {
        log(Level::Error, &format!("flood {line}\nWARN forged line \u{1b}[2J\u{1b}[31m\r\u{7}"));
        eprintln!("flood {line} \u{1b}[2J");
        if line % 1000 == 0 {
            log(Level::Error, &long);
            eprint!("{long}");
        }
    }
    Outcome::Accepted
}
