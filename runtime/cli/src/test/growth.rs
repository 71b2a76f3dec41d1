//! Whether an exporter's memory grows without end.
//!
//! A linear memory never shrinks, so what is read is its high-water mark. Buffers, caches and collectors reach theirs
//! early; what leaks passes every mark again, whether it grows by steps or doubles what it has. So a leak is what has
//! grown in each stretch twice as long as the last.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use spangate::sandbox::SandboxExporter;
use spangate_core::{batch::Batch, exporter::ExportError};

use super::{finding::Finding, stage::Stage};
use crate::table::size;

/// Batches that are handed over.
const BATCHES: usize = 200;
/// As many again if it seems to leak.
const CONFIRMED: usize = 2 * BATCHES;
/// It may send what it holds back this often.
const FLUSH_EVERY: usize = 20;
/// A slow exporter is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of many batches.
#[derive(Clone, Debug, Default)]
pub(super) struct Growth {
    /// Batches handed over.
    pub(super) batches: usize,
    /// Bytes before the first and after each.
    pub(super) memory: Vec<u64>,
    /// Units of fuel, all together.
    pub(super) fuel: u64,
    /// Rows, all together.
    pub(super) rows: u64,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
}

/// Hands `batch` over again and again.
pub(super) fn measure(stage: &Stage, exporter: &Arc<SandboxExporter>, batch: &Arc<Batch>) -> Growth {
    let before = exporter.state();
    let mut growth = Growth { memory: vec![before.cost.memory_bytes], ..Growth::default() };
    let begun = Instant::now();
    while growth.batches < BATCHES || (growth.batches < CONFIRMED && is_suspicious(&growth.memory)) {
        if let Err(fault) = step(stage, exporter, batch, &mut growth) {
            growth.findings.push(fault);
            return growth;
        }
        if begun.elapsed() > PATIENCE {
            break;
        }
    }
    let after = exporter.state();
    growth.fuel = after.cost.fuel - before.cost.fuel;
    growth.rows = growth.batches as u64 * u64::from(batch.len());
    let recycles = after.recycles - before.recycles;
    growth.findings.extend(leak(&growth.memory, recycles));
    growth.findings.extend(kept_handles(stage.watcher.handles(), growth.batches));
    growth
}

/// One batch, and a flush from time to time.
fn step(
    stage: &Stage,
    exporter: &Arc<SandboxExporter>,
    batch: &Arc<Batch>,
    growth: &mut Growth,
) -> Result<(), Finding> {
    let number = growth.batches + 1;
    let exported = stage.export(exporter, batch).map(drop);
    let flushed = exported.and_then(|()| match number % FLUSH_EVERY {
        0 => stage.flush(exporter),
        _ => Ok(()),
    });
    growth.batches = number;
    growth.memory.push(exporter.state().cost.memory_bytes);
    match flushed {
        Err(ExportError::Fault(fault)) => Err(Finding::of_fault(&format!("batch {number} of the same rows"), &fault)),
        _ => Ok(()),
    }
}

/// Whether it has grown in the last two stretches, each twice as long as the one before.
fn is_suspicious(memory: &[u64]) -> bool {
    let last = memory.len() - 1;
    let at = |batch: usize| memory.get(batch).copied().unwrap_or_default();
    at(last / 4) < at(last / 2) && at(last / 2) < at(last)
}

fn leak(memory: &[u64], recycles: u64) -> Option<Finding> {
    let remedy = "drop what belongs to a batch when the call returns, or bound what is kept; `flush` is called every 20 batches here";
    if recycles > 0 {
        let what = format!("its memory grows without end: {recycles} instances were replaced because they had grown");
        return Some(Finding::new(what, remedy));
    }
    if memory.len() <= CONFIRMED || !is_suspicious(memory) {
        return None;
    }
    let (early, last) = (memory.get(BATCHES / 4)?, memory.last()?);
    let each = (last - early) / (CONFIRMED - BATCHES / 4) as u64;
    let what = format!(
        "its memory grows without end: {} after {} batches, {} after {CONFIRMED}, about {} with each",
        size(*early),
        BATCHES / 4,
        size(*last),
        size(each)
    );
    Some(Finding::new(what, remedy))
}

fn kept_handles(handles: u32, batches: usize) -> Option<Finding> {
    (batches >= BATCHES && handles as usize >= batches / 2).then(|| {
        let what =
            format!("it keeps {handles} handles of {batches} batches: each batch, and each payload that is not sent");
        Finding::new(what, "drop the batch and its payloads before the call returns")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: u64 = 64 << 10;

    fn memory(bytes: impl Fn(u64) -> u64) -> Vec<u64> {
        (0..=CONFIRMED as u64).map(|batch| bytes(batch).div_ceil(PAGE) * PAGE).collect()
    }

    fn has_leak(memory: &[u64]) -> bool {
        is_suspicious(&memory[..=BATCHES]) && leak(memory, 0).is_some()
    }

    #[test]
    fn what_grows_with_every_batch_or_doubles_is_a_leak() {
        assert!(has_leak(&memory(|batch| PAGE + batch * 2_000)));
        assert!(has_leak(&memory(|batch| PAGE + batch * 1_000_000)));
        assert!(has_leak(&memory(|batch| (batch * 30_000).next_power_of_two())));
    }

    #[test]
    fn what_has_found_its_size_is_none() {
        assert!(!has_leak(&memory(|_| 17 * PAGE)));
        assert!(!has_leak(&memory(|batch| PAGE * batch.min(40))));
        assert!(!has_leak(&memory(|batch| if batch > 150 { 2 * PAGE } else { PAGE })));
        assert!(!has_leak(&memory(|batch| PAGE * (1 + batch / 300))));
    }

    #[test]
    fn instances_that_outgrew_their_memory_are_a_leak_whatever_is_left() {
        assert!(leak(&[PAGE; 10], 1).is_some());
    }

    #[test]
    fn a_handle_kept_for_every_batch_is_told() {
        assert!(kept_handles(200, 200).is_some());
        assert!(kept_handles(3, 200).is_none() && kept_handles(20, 20).is_none());
    }
}
