//! What it costs to load a component, and to go on after a fault. That an exporter is dropped again is not loading.

use std::{rc::Rc, sync::Arc, time::Instant};

use serde_json::json;
use spangate_core::exporter::ExportError;
use spangate_tests::Latencies;
use url::Url;

use crate::{
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, process_cpu},
    samples::received,
    stage::{Stage, bill, builtin},
};

/// Granted because the components import `http`, and never called.
const NOWHERE: &str = "http://127.0.0.1:9";

/// All groups.
///
/// # Errors
/// If an exporter does not load.
pub(crate) fn groups() -> anyhow::Result<Vec<Group>> {
    let stage = Rc::new(Stage::new()?);
    let cases = vec![
        load("compiled", Way::Compiled, &stage)?,
        load("from the cache", Way::Cached, &stage)?,
        load("from the cache, as a file's", Way::CachedFile, &stage)?,
        slowest(&stage)?,
    ];
    Ok(vec![
        Group { title: "loading zipkin until it is configured", cases },
        Group { title: "an exporter that panics at every third call", cases: vec![fault(&stage)?] },
    ])
}

/// What there is before a component is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nothing.
    Compiled,
    /// Its compiled code, in the cache.
    Cached,
    /// The same, and its bytes might be anybody's: their digest is not known.
    CachedFile,
}

fn load(name: &str, way: Way, stage: &Rc<Stage>) -> anyhow::Result<Case> {
    let component = builtin("zipkin")?;
    let (backend, stage) = (Url::parse(NOWHERE)?, Rc::clone(stage));
    let target = if way == Way::Compiled { "" } else { "<= 1 ms" };
    let figures = [
        Figure::new(format!("{name}, wall time"), "ms").target(target),
        Figure::new(format!("{name}, CPU of the process"), "ms"),
    ];
    Ok(Case::many(figures, move |times| {
        let (mut wall, mut cpu) = (0.0, 0.0);
        for _ in 0..times {
            if way == Way::Compiled {
                stage.empty_cache()?;
            }
            let (start, before) = (Instant::now(), process_cpu());
            let exporter = match way {
                Way::CachedFile => stage.load(component, json!({}), Some(&backend))?,
                Way::Compiled | Way::Cached => stage.load_builtin("zipkin", json!({}), Some(&backend))?,
            };
            wall += start.elapsed().as_secs_f64() * 1e3;
            cpu += process_cpu().saturating_sub(before).as_secs_f64() * 1e3;
            drop(exporter);
        }
        Ok(vec![wall / f64::from(times), cpu / f64::from(times)])
    }))
}

/// The slow ones among all loads so far.
fn slowest(stage: &Rc<Stage>) -> anyhow::Result<Case> {
    let (backend, stage) = (Url::parse(NOWHERE)?, Rc::clone(stage));
    let mut latencies = Latencies::new();
    let figure = Figure::new("from the cache, wall time, p99 so far", "ms").target("<= 5 ms");
    Ok(Case::one(figure, move |times| {
        for _ in 0..times {
            let start = Instant::now();
            let exporter = stage.load_builtin("zipkin", json!({}), Some(&backend))?;
            latencies.add(start.elapsed());
            drop(exporter);
        }
        Ok(latencies.at(0.99).as_secs_f64() * 1e3)
    }))
}

/// In turn: a fresh instance's call, a running instance's call, a call that panics.
fn fault(stage: &Rc<Stage>) -> anyhow::Result<Case> {
    let stage = Rc::clone(stage);
    let exporter =
        stage.load_builtin("faulty", json!({ "fault": "trap_nth", "nth": 3 }), Some(&Url::parse(NOWHERE)?))?;
    let batch = Arc::new(received(1)?);
    let cycle = move || -> anyhow::Result<[f64; 4]> {
        let start = process_cpu();
        let mut bills = [bill(&exporter); 4];
        for call in 0..3 {
            let answer = stage.export(&exporter, Arc::clone(&batch));
            let is_as_told = if call < 2 { answer.is_ok() } else { matches!(answer, Err(ExportError::Fault(_))) };
            anyhow::ensure!(is_as_told, "call {call}: {answer:?}");
            bills[call + 1] = bill(&exporter);
        }
        let cpu = |call: usize| nanoseconds_each(bills[call + 1].since(bills[call]).cpu, 1) / 1e3;
        let whole = nanoseconds_each(process_cpu().saturating_sub(start), 1) / 1e3;
        Ok([cpu(0) - cpu(1), cpu(1), cpu(2), whole])
    };
    // The first instance was made when it was loaded: until it has panicked, no call makes a fresh one.
    cycle()?;
    let figures = [
        Figure::new("instance made again and configured", "us").target("<= 50 us"),
        Figure::new("call of a running instance", "us"),
        Figure::new("call that panics, told with a backtrace", "us"),
        Figure::new("all three, whole process", "us"),
    ];
    Ok(Case::many(figures, move |times| {
        let mut sums = [0.0; 4];
        for _ in 0..times {
            sums.iter_mut().zip(cycle()?).for_each(|(sum, value)| *sum += value);
        }
        Ok(sums.map(|sum| sum / f64::from(times)).to_vec())
    }))
}
