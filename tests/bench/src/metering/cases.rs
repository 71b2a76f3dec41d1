//! Two guests, each natively, unmetered, metered, and in the sandbox as it is.

use std::{hint::black_box, rc::Rc, sync::Arc};

use anyhow::Context;
use serde_json::{Value, json};
use spangate_core::batch::Batch;
use url::Url;

use super::{
    bindings::imports::batch::Outcome,
    instance::{Instance, Metering},
};
use crate::{
    backend::Backend,
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, thread_cpu_of},
    native_batch::native_batch,
    samples::{BATCH, received},
    stage::{Stage, bill, builtin},
};

const UNIT: &str = "ns/span";

/// All groups.
///
/// # Errors
/// If a guest does not load, or does something else metered than unmetered.
pub(crate) fn groups(stage: &Rc<Stage>) -> anyhow::Result<Vec<Group>> {
    let batch = Arc::new(received(BATCH)?);
    Ok(vec![zipkin(stage, &batch)?, crossing(stage, &batch)?])
}

fn zipkin(stage: &Rc<Stage>, batch: &Arc<Batch>) -> anyhow::Result<Group> {
    let backend = Backend::start(std::time::Duration::ZERO)?;
    let url = backend.url()?;
    let settings = json!({ "endpoint": format!("{url}api/v2/spans") });
    let component = builtin("zipkin")?;
    // The backend lives as long as the process.
    let cases = vec![
        case(Figure::new("unmetered", UNIT).base(), component, &settings, Metering::Nothing, batch)?,
        case(Figure::new("fuel, no yields", UNIT), component, &settings, Metering::Fuel, batch)?,
        case(
            Figure::new("fuel and yields", UNIT).target("<= 1.3x"),
            component,
            &settings,
            Metering::FuelAndYields,
            batch,
        )?,
        in_sandbox(stage, "the sandbox, a request and all", component, settings, Some(&url), batch)?,
    ];
    Ok(Group { title: "metering: zipkin formats 512 spans: CPU of the guest's thread", cases })
}

fn crossing(stage: &Rc<Stage>, batch: &Arc<Batch>) -> anyhow::Result<Group> {
    let component = std::fs::read(spangate_tests::guest("crossing"))?;
    let settings = json!({ "mode": "every_field" });
    let native = {
        let batch = native_batch(batch.len(), batch.columns());
        Case::one(Figure::new("native checksum", UNIT).base(), move |times| {
            let cpu = thread_cpu_of(|| {
                for _ in 0..times {
                    black_box(crossing::every_field(black_box(&batch)));
                }
            });
            Ok(nanoseconds_each(cpu, u64::from(times) * u64::from(BATCH)))
        })
    };
    let cases = vec![
        native,
        case(Figure::new("unmetered", UNIT).target("<= 1.25x"), &component, &settings, Metering::Nothing, batch)?,
        case(Figure::new("fuel, no yields", UNIT), &component, &settings, Metering::Fuel, batch)?,
        case(Figure::new("fuel and yields", UNIT), &component, &settings, Metering::FuelAndYields, batch)?,
        in_sandbox(stage, "the sandbox", &component, settings, None, batch)?,
    ];
    Ok(Group { title: "metering: a guest reads every field of 512 spans: CPU of its thread", cases })
}

fn case(
    figure: Figure,
    component: &[u8],
    settings: &Value,
    metering: Metering,
    batch: &Arc<Batch>,
) -> anyhow::Result<Case> {
    let instance = Instance::new(component, &settings.to_string(), metering, Arc::clone(batch));
    let mut instance = instance.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    instance.export().map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let gives_way = metering == Metering::FuelAndYields;
    anyhow::ensure!(gives_way == (instance.yields > 0), "{} yields, {metering:?}", instance.yields);
    let sends = instance.requests() > 0;
    Ok(Case::one(figure, move |times| {
        let mut result = Ok(());
        let before = instance.requests();
        let cpu = thread_cpu_of(|| {
            for _ in 0..times {
                match instance.export() {
                    Ok(Outcome::Accepted) => {}
                    other => result = Err(anyhow::anyhow!("the batch was not accepted: {other:?}")),
                }
            }
        });
        result?;
        let sent = instance.requests() - before;
        anyhow::ensure!(sent == if sends { u64::from(times) } else { 0 }, "{sent} requests of {times} calls");
        Ok(nanoseconds_each(cpu, u64::from(times) * u64::from(BATCH)))
    }))
}

fn in_sandbox(
    stage: &Rc<Stage>,
    name: &str,
    component: &[u8],
    settings: Value,
    reach: Option<&Url>,
    batch: &Arc<Batch>,
) -> anyhow::Result<Case> {
    let exporter = stage.load(component, settings, reach)?;
    let (stage, batch) = (Rc::clone(stage), Arc::clone(batch));
    Ok(Case::one(Figure::new(name, UNIT), move |times| {
        let before = bill(&exporter);
        for _ in 0..times {
            stage.deliver(&exporter, Arc::clone(&batch)).context("metering")?;
        }
        Ok(nanoseconds_each(bill(&exporter).since(before).cpu, u64::from(times) * u64::from(BATCH)))
    }))
}
