//! What it costs to hand a batch to a guest that reads nothing, three columns or every field, and the same natively.

use std::{hint::black_box, rc::Rc, sync::Arc};

use anyhow::Context;
use serde_json::json;
use spangate::sandbox::SandboxExporter;
use spangate_core::{batch::Batch, exporter::ExportOutcome};

use crate::{
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, process_cpu, thread_cpu_of},
    native_batch::native_batch,
    samples::{BATCH, received},
    stage::{Stage, bill},
};

const UNIT: &str = "ns/span";
const FUEL: &str = "fuel/span";

type Checksum = fn(&spangate_sdk::Batch) -> u64;

/// What a guest reads: how it is told, the word in its settings, the same natively, what the project wants.
struct Reading {
    name: &'static str,
    mode: &'static str,
    native: Option<Checksum>,
    target: &'static str,
}

const READINGS: [Reading; 3] = [
    Reading { name: "nothing", mode: "ignore", native: None, target: "" },
    Reading {
        name: "start, end, status",
        mode: "three_columns",
        native: Some(crossing::three_columns),
        target: "<= 4 ns",
    },
    Reading { name: "every field", mode: "every_field", native: Some(crossing::every_field), target: "<= 1.45x" },
];

/// All groups.
///
/// # Errors
/// If the guest does not load, or reads something else than native code does.
pub(crate) fn groups(stage: &Rc<Stage>) -> anyhow::Result<Vec<Group>> {
    let component = std::fs::read(spangate_tests::guest("crossing"))?;
    let full = Arc::new(received(BATCH)?);
    let small = Arc::new(full.slice(0..64));
    READINGS.iter().try_for_each(|reading| compare(stage, &component, reading, &full))?;
    let group = |title, batch: &Arc<Batch>, targets| -> anyhow::Result<Group> {
        let mut cases = vec![native(batch)];
        for reading in &READINGS {
            let exporter = stage.load(&component, json!({ "mode": reading.mode }), None)?;
            cases.push(sandboxed(stage, exporter, reading, batch, targets));
        }
        Ok(Group { title, cases })
    };
    Ok(vec![
        group("crossing, 512 spans: CPU of the guest's thread", &full, true)?,
        group("crossing, 64 spans: CPU of the guest's thread", &small, false)?,
    ])
}

/// Both sides have to come to the same checksum.
fn compare(stage: &Stage, component: &[u8], reading: &Reading, batch: &Arc<Batch>) -> anyhow::Result<()> {
    let Some(checksum) = reading.native else { return Ok(()) };
    let here = format!("{:016x}", checksum(&native_batch(batch.len(), batch.columns())));
    let exporter = stage.load(component, json!({ "mode": reading.mode, "tell": true }), None)?;
    match stage.export(&exporter, Arc::clone(batch)) {
        Ok(ExportOutcome::Rejected { reason }) if reason == here => Ok(()),
        other => anyhow::bail!("{}: {here} natively, in the sandbox {other:?}", reading.name),
    }
}

fn native(batch: &Arc<Batch>) -> Case {
    let (rows, batch) = (batch.len(), native_batch(batch.len(), batch.columns()));
    Case::one(Figure::new("native, every field", UNIT).base(), move |times| {
        let cpu = thread_cpu_of(|| {
            for _ in 0..times {
                black_box(crossing::every_field(black_box(&batch)));
            }
        });
        Ok(nanoseconds_each(cpu, u64::from(times) * u64::from(rows)))
    })
}

fn sandboxed(
    stage: &Rc<Stage>,
    exporter: Arc<SandboxExporter>,
    reading: &Reading,
    batch: &Arc<Batch>,
    has_target: bool,
) -> Case {
    let (stage, batch) = (Rc::clone(stage), Arc::clone(batch));
    let target = if has_target { reading.target } else { "" };
    let mut figures = vec![Figure::new(format!("guest reads {}", reading.name), UNIT).target(target)];
    figures.push(Figure::new("  its fuel", FUEL));
    figures.push(Figure::new("  one call, the whole process", "us/batch"));
    Case::many(figures, move |times| {
        let (before, start) = (bill(&exporter), process_cpu());
        for _ in 0..times {
            stage.deliver(&exporter, Arc::clone(&batch)).context("crossing")?;
        }
        let (used, process) = (bill(&exporter).since(before), process_cpu().saturating_sub(start));
        let spans = u64::from(times) * u64::from(batch.len());
        Ok(vec![
            nanoseconds_each(used.cpu, spans),
            used.fuel as f64 / spans as f64,
            nanoseconds_each(process, times.into()) / 1e3,
        ])
    })
}
