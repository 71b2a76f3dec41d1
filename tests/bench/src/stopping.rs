//! How late a guest is stopped that does not stop by itself: wall time beyond its deadline.
//!
//! Each call gets an instance that knows nothing yet of the guest's fuel. What is late is told of the call, from when it
//! was handed over to when its fault came back, so that whatever holds it up on the way is in it.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use spangate_core::exporter::{ExportError, FaultKind};
use spangate_tests::{Latencies, wat};
use url::Url;

use crate::{
    case::{Case, Figure, Group},
    samples::{BATCH, received},
    stage::{Stage, builtin},
};

/// Granted because the components import `http`, and never called.
const NOWHERE: &str = "http://127.0.0.1:9";
const DEADLINE: Duration = Duration::from_millis(100);
/// What the issue of stopping is worth nothing without: fuel that does not run out before.
const FUEL: u64 = u64::MAX / 2;
const TARGET: &str = "<= 50 ms";

/// All groups.
///
/// # Errors
/// If the system gives no threads or no folder.
pub(crate) fn groups() -> anyhow::Result<Vec<Group>> {
    let stage = Rc::new(Stage::new()?);
    let faulty = |fault: &'static str| (fault, builtin("faulty").map(<[u8]>::to_vec), json!({ "fault": fault }));
    let guests = [
        faulty("spin"),
        faulty("pointer_chase"),
        faulty("clock_spin"),
        faulty("column_flood"),
        ("fill_spin", Ok(wat("fill_spin")), Value::Null),
    ];
    let cases = guests.into_iter().map(|(name, component, settings)| late(&stage, name, component?, settings));
    Ok(vec![Group {
        title: "a guest that goes on beyond its deadline of 100 ms: how late it is stopped",
        cases: cases.collect::<Result<_, _>>()?,
    }])
}

fn late(stage: &Rc<Stage>, name: &str, component: Vec<u8>, settings: Value) -> anyhow::Result<Case> {
    let (stage, backend) = (Rc::clone(stage), Url::parse(NOWHERE)?);
    let batch = Arc::new(received(BATCH)?);
    let mut longest = Latencies::new();
    let figures = [Figure::new(name, "ms"), Figure::new(format!("{name}, latest so far"), "ms").target(TARGET)];
    Ok(Case::many(figures, move |times| {
        let mut sum = Duration::ZERO;
        for _ in 0..times {
            let exporter = stage.load_limited(&component, settings.clone(), Some(&backend), |limits| {
                (limits.fuel_per_batch, limits.deadline) = (FUEL, DEADLINE);
            })?;
            let start = Instant::now();
            let answer = stage.export(&exporter, Arc::clone(&batch));
            let late = start.elapsed().saturating_sub(DEADLINE);
            let is_deadline =
                matches!(&answer, Err(ExportError::Fault(fault)) if fault.kind == FaultKind::DeadlineExceeded);
            anyhow::ensure!(is_deadline, "it was not stopped by its deadline: {answer:?}");
            longest.add(late);
            sum += late;
        }
        Ok([sum / times, longest.max()].map(|late| late.as_secs_f64() * 1e3).to_vec())
    }))
}
