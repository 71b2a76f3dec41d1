//! The quick specimens a hundred times over, in one process: the hundredth ends as the first did, and memory does not grow.

use std::sync::Arc;

use spangate::core::{
    batch::{Batch, BatchId},
    exporter::{ExportError, Exporter},
    signal::Signal,
};

use super::{
    load::Load,
    memory::{mebibytes, resident},
    scene::{Alone, Folder, Lines},
    specimen::{End, Specimen},
};

const TIMES: usize = 100;
/// Repetitions after which memory is looked at for the first time: caches and arenas are filled then.
const WARM: usize = 20;
/// What the other eighty may add. A page of 64 KiB lost in each of them would be five mebibytes; an instance, more.
const GROWTH: u64 = 8 << 20;

/// Repeats one specimen, each time with a fresh exporter.
///
/// # Panics
/// If it ever ends in another way.
pub(crate) fn repeat(folder: &Folder, specimen: &Specimen) {
    let alone = Alone::new(folder, Arc::new(Lines::default()));
    let batch = batch();
    let mut warm = 0;
    for time in 1..=TIMES {
        let end = once(&alone, folder, specimen, &batch);
        assert!(is_expected(specimen.end, &end), "time {time}: {end:?}");
        if time == WARM {
            warm = resident();
        }
    }
    let grown = resident().saturating_sub(warm);
    assert!(grown <= GROWTH, "{:.1} MiB more than after {WARM} times", mebibytes(grown));
}

/// How it ended: a fault's kind, an error of loading, or nothing.
fn once(
    alone: &Alone,
    folder: &Folder,
    specimen: &Specimen,
    batch: &Arc<Batch>,
) -> Result<Option<&'static str>, String> {
    let exporter = alone.load(folder, specimen).map_err(|error| error.to_string())?;
    for _ in 0..2 {
        match alone.runtime.block_on(exporter.export(batch.clone(), 1)) {
            Ok(_) => {}
            Err(ExportError::Fault(fault)) => return Ok(Some(fault.kind.as_str())),
            Err(error) => panic!("{error:?}"),
        }
    }
    Ok(None)
}

fn is_expected(expected: End, end: &Result<Option<&'static str>, String>) -> bool {
    match (expected, end) {
        (End::Stopped(kinds), Ok(Some(kind))) => kinds.contains(kind),
        (End::Lives, Ok(None)) => true,
        (End::Refused(words), Err(error)) => words.iter().all(|word| error.contains(word)),
        _ => false,
    }
}

fn batch() -> Arc<Batch> {
    Arc::new(Batch::received(BatchId([7; 16]), Signal::Spans, Load::new().request(), Arc::new([])))
}
