//! A whole batch through an exporter and out to a backend on loopback that forgets it.

use std::{hint::black_box, rc::Rc, sync::Arc};

use anyhow::Context;
use serde_json::json;
use spangate::sandbox::SandboxExporter;
use spangate_core::batch::{Batch, BatchId, Metadata};
use spangate_core::signal::Signal;
use spangate_sdk::{Exporter as _, Outcome, testing};

use crate::{
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, process_cpu, thread_cpu_of},
    native_batch::native_batch,
    samples::{BATCH, received, recorded},
    sink::Sink,
    stage::{Stage, bill, builtin},
};

const UNIT: &str = "ns/span";

/// Makes the next batch to deliver.
type Next = Box<dyn Fn() -> Arc<Batch>>;

/// All groups.
///
/// # Errors
/// If an exporter does not load.
pub(crate) fn groups(stage: &Rc<Stage>) -> anyhow::Result<Vec<Group>> {
    let sink = Rc::new(Sink::start()?);
    Ok(vec![through_zipkin(stage, &sink)?, through_otlp(stage, &sink)?])
}

fn through_zipkin(stage: &Rc<Stage>, sink: &Rc<Sink>) -> anyhow::Result<Group> {
    let url = sink.url()?;
    let settings = json!({ "endpoint": format!("{url}api/v2/spans") });
    let batch = Arc::new(received(BATCH)?);
    let mut cases = vec![native_zipkin(&settings.to_string())?];
    let quiet = Rc::new(Stage::without_signal_handlers()?);
    for (stage, name) in [
        (stage, Figure::new("in the sandbox: guest's thread", UNIT).target("<= 2.0x")),
        (&quiet, Figure::new("without signal handlers: guest's thread", UNIT)),
    ] {
        let (stage, sink, batch) = (Rc::clone(stage), Rc::clone(sink), Arc::clone(&batch));
        let exporter = stage.load(builtin("zipkin")?, settings.clone(), Some(&url))?;
        cases.push(Sandboxed { stage, sink, exporter, next: Box::new(move || Arc::clone(&batch)) }.case(name));
    }
    Ok(Group { title: "zipkin, 512 spans, columns there already: CPU", cases })
}

/// The same source, compiled natively; its request goes nowhere.
fn native_zipkin(settings: &str) -> anyhow::Result<Case> {
    let batch = received(BATCH)?;
    let batch = native_batch(batch.len(), batch.columns());
    let configured = testing::configure::<zipkin::Zipkin>(settings);
    let mut exporter = configured.map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    Ok(Case::one(Figure::new("native: formatting, no request", UNIT).base(), move |times| {
        let mut refused = 0;
        let cpu = thread_cpu_of(|| {
            for _ in 0..times {
                let _host = testing::Host::install();
                let outcome = exporter.export_spans(&batch);
                refused += u32::from(black_box(outcome) != Outcome::Accepted);
            }
        });
        anyhow::ensure!(refused == 0, "{refused} batches were not accepted");
        Ok(nanoseconds_each(cpu, u64::from(times) * u64::from(BATCH)))
    }))
}

fn through_otlp(stage: &Rc<Stage>, sink: &Rc<Sink>) -> anyhow::Result<Group> {
    let url = sink.url()?;
    let (recorded, bytes) = (recorded(BATCH), received(BATCH)?.otlp());
    let columns = recorded.columns().clone();
    let id = BatchId([7; 16]);
    // A batch keeps what it was encoded to: each one here is new, as it would be.
    let encoded = move || Arc::new(Batch::recorded(id, Signal::Spans, columns.clone(), Metadata::from([])));
    let request = crate::samples::scan(bytes)?;
    let forwarded = move || Arc::new(Batch::received(id, Signal::Spans, request.clone(), Metadata::from([])));
    let mut cases = Vec::new();
    let batches: [(&str, Next); 2] = [
        ("received, forwarded: guest's thread", Box::new(forwarded)),
        ("recorded, encoded: guest's thread", Box::new(encoded)),
    ];
    for (name, next) in batches {
        let exporter = stage.load(builtin("otlp")?, json!({ "endpoint": url.as_str() }), Some(&url))?;
        let sandboxed = Sandboxed { stage: Rc::clone(stage), sink: Rc::clone(sink), exporter, next };
        cases.push(sandboxed.case(Figure::new(name, UNIT)));
    }
    Ok(Group { title: "otlp, 512 spans, HTTP: CPU", cases })
}

/// An exporter, where it sends to, and what it sends.
struct Sandboxed {
    stage: Rc<Stage>,
    sink: Rc<Sink>,
    exporter: Arc<SandboxExporter>,
    next: Next,
}

impl Sandboxed {
    fn case(self, guest: Figure) -> Case {
        let figures = [
            guest,
            Figure::new("  its fuel", "fuel/span"),
            Figure::new("  whole process but the backend", UNIT),
            Figure::new("  its requests' bodies", "bytes/span"),
        ];
        Case::many(figures, move |times| self.run(times))
    }

    fn run(&self, times: u32) -> anyhow::Result<Vec<f64>> {
        let (requests, bytes) = self.sink.taken();
        let before = bill(&self.exporter);
        let (process, backend) = (process_cpu(), self.sink.cpu());
        for _ in 0..times {
            self.stage.deliver(&self.exporter, (self.next)()).context("delivery")?;
        }
        let process = process_cpu().saturating_sub(process);
        let backend = self.sink.cpu().saturating_sub(backend);
        let used = bill(&self.exporter).since(before);
        let (requests_now, bytes_now) = self.sink.taken();
        let arrived = requests_now - requests;
        anyhow::ensure!(arrived == u64::from(times), "{arrived} of {times} requests arrived");
        let spans = u64::from(times) * u64::from(BATCH);
        Ok(vec![
            nanoseconds_each(used.cpu, spans),
            used.fuel as f64 / spans as f64,
            nanoseconds_each(process.saturating_sub(backend), spans),
            (bytes_now - bytes) as f64 / spans as f64,
        ])
    }
}
