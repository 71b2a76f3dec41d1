//! Hands one batch over again and again, and reads what the sandbox billed for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportOutcome, Exporter},
};

use crate::{fault_text, trial::Rehearsal};

/// Calls before the first that counts: caches fill, memory grows.
const WARM_UP: u32 = 3;
/// Calls that are measured at least, however slow the exporter is.
const LEAST: u64 = 5;

/// What the calls took, all together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub(super) calls: u64,
    pub(super) rows: u64,
    pub(super) fuel: u64,
    pub(super) cpu: Duration,
    /// The most fuel of one call.
    pub(super) most_fuel: u64,
    /// The most bytes an instance ever had.
    pub(super) memory: u64,
    pub(super) requests: u64,
    /// Bytes of their bodies.
    pub(super) bytes_out: u64,
}

/// Exports `batch` for as long as `time`, which has to be accepted each time.
///
/// # Errors
/// If it is not accepted, or the exporter is stopped.
pub(super) fn run(rehearsal: &Rehearsal, batch: &Arc<Batch>, time: Duration) -> Result<Measured> {
    for _ in 0..WARM_UP {
        export(rehearsal, batch)?;
    }
    let before = rehearsal.exporter.state();
    let begun = Instant::now();
    let (mut measured, mut fuel) = (Measured::default(), before.cost.fuel);
    while measured.calls < LEAST || begun.elapsed() < time {
        export(rehearsal, batch)?;
        let now = rehearsal.exporter.state().cost.fuel;
        measured.most_fuel = measured.most_fuel.max(now - fuel);
        measured.calls += 1;
        fuel = now;
    }
    let after = rehearsal.exporter.state();
    Ok(Measured {
        rows: measured.calls * u64::from(batch.len()),
        fuel: after.cost.fuel - before.cost.fuel,
        cpu: after.cost.cpu.saturating_sub(before.cost.cpu),
        memory: after.cost.memory_peak_bytes,
        requests: after.http_requests - before.http_requests,
        bytes_out: after.http_bytes_out - before.http_bytes_out,
        ..measured
    })
}

fn export(rehearsal: &Rehearsal, batch: &Arc<Batch>) -> Result<()> {
    let answer = rehearsal.runtime.block_on(rehearsal.exporter.export(Arc::clone(batch), 1));
    match answer {
        Ok(ExportOutcome::Accepted) => Ok(()),
        Err(ExportError::Fault(fault)) => bail!("{}", fault_text::told(&fault)),
        other => bail!("the exporter did not accept a batch that its backend had answered with 200: {other:?}"),
    }
}
