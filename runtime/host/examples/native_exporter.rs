//! An exporter written in Rust with everything an exporter may answer: it takes what it can, sends back for a further
//! attempt what it cannot take now, and refuses what it will never take. The runtime keeps the account.
//!
//! `cargo run -p spangate --example native_exporter`

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use spangate::{
    NativeExporter, Runtime, Subscription, config,
    core::{
        batch::Batch,
        columns::u64_at,
        exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, Partial},
    },
};

/// Keeps the total duration of spans, three at a time.
#[derive(Default)]
struct Durations {
    nanoseconds: std::sync::atomic::AtomicU64,
    calls: AtomicU32,
}

impl Exporter for Durations {
    fn export(&self, batch: Arc<Batch>, attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async move {
            // A backend that is busy at first: the same batch comes again, with the same id.
            if self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
                let delay = Some(Duration::from_millis(100));
                return Ok(ExportOutcome::RetryAfter { delay, reason: "starting up".to_owned() });
            }
            let spans = &batch.columns().spans;
            let taken = batch.len().min(3);
            for row in 0..taken as usize {
                let duration = u64_at(&spans.end_time, row).saturating_sub(u64_at(&spans.start_time, row));
                self.nanoseconds.fetch_add(duration, Ordering::Relaxed);
            }
            println!("attempt {attempt}: took {taken} of {} spans", batch.len());
            let retry_rows: Vec<u32> = (taken..batch.len()).collect();
            if retry_rows.is_empty() {
                return Ok(ExportOutcome::Accepted);
            }
            Ok(ExportOutcome::Partial(Partial {
                retry_rows,
                reason: "three at a time".to_owned(),
                ..Partial::default()
            }))
        })
    }

    fn shutdown(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        println!("{} ns in all", self.nanoseconds.load(Ordering::Relaxed));
        Box::pin(async { Ok(()) })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let retry = config::Retry { initial: Duration::from_millis(50), ..config::Retry::default() };
    let exporter = NativeExporter::new(Arc::new(Durations::default()), Subscription::spans()).retry(retry);
    let runtime = Runtime::builder().native_exporter("durations", exporter).start()?;

    let tracer = runtime.tracer("work");
    for _ in 0..8 {
        tracer.span("step").start().end();
    }

    let report = runtime.shutdown(Duration::from_secs(10));
    println!("{report}");
    assert!(report.is_complete, "every span has come to its end");
    Ok(())
}
