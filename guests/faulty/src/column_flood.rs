//! Has the same columns and views copied over and over.

use crate::exporter::spans;
use crate::{Batch, Outcome, Settings};

pub fn export(batch: Batch, _: &Settings) -> Outcome {
    loop {
        std::hint::black_box((batch.otlp(), batch.otlp_json(), batch.text(), spans::names(&batch)));
    }
}
