//! The process that is measured.

use std::{
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::{Value, json};

use super::subject::{Subject, Who};
use crate::{
    cpu::{nanoseconds_each, process_cpu},
    memory::peak_resident_bytes,
};

/// Between two bursts.
const PERIOD: Duration = Duration::from_millis(5);

/// Records at a steady rate and tells what it used.
#[derive(Args)]
pub(crate) struct Alone {
    #[arg(long)]
    who: Who,
    #[arg(long)]
    backend: String,
    #[arg(long)]
    cache: String,
    /// Spans in a second.
    #[arg(long)]
    rate: u32,
    /// What is measured; before it, half as long warms up.
    #[arg(long)]
    milliseconds: u64,
}

impl Alone {
    /// # Errors
    /// If it does not start, or does not deliver in time.
    pub(crate) fn run(&self) -> anyhow::Result<Value> {
        let subject = self.who.start(&self.backend, &self.cache)?;
        let time = Duration::from_millis(self.milliseconds);
        let (warm_up, _) = serve(&subject, self.rate, time / 2)?;
        let start = process_cpu();
        // What was lost while it warmed up is in it.
        let (spans, loss) = serve(&subject, self.rate, time)?;
        let used = process_cpu().saturating_sub(start);
        Ok(json!({
            "nanoseconds_per_span": nanoseconds_each(used, spans),
            "spans": spans + warm_up,
            "peak_bytes": peak_resident_bytes()?,
            "loss": loss,
        }))
    }
}

/// Records for so long, and has all of it sent; answers how many there were, and what is known
/// to be lost.
fn serve(subject: &Subject, rate: u32, time: Duration) -> anyhow::Result<(u64, Option<String>)> {
    let burst = (f64::from(rate) * PERIOD.as_secs_f64()).round() as u32;
    let bursts = (time.as_secs_f64() / PERIOD.as_secs_f64()).ceil() as u32;
    let start = Instant::now();
    for number in 0..bursts {
        let due = start + PERIOD * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        (0..burst).for_each(|_| subject.record());
    }
    let loss = subject.flush()?;
    Ok((u64::from(burst) * u64::from(bursts), loss))
}
