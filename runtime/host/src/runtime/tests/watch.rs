//! An exporter that remembers the names of the spans it was handed.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    columns::pair,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
};

pub(super) const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Default)]
pub(super) struct Watch {
    names: Mutex<Vec<String>>,
    ticks: Mutex<u64>,
}

impl Watch {
    pub(super) fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().clone()
    }

    pub(super) fn ticks(&self) -> u64 {
        *self.ticks.lock().unwrap()
    }
}

impl Exporter for Watch {
    fn export(&self, batch: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let columns = batch.columns();
        let names = (0..batch.len() as usize).map(|row| columns.text_at(pair(&columns.spans.name, row)).to_owned());
        self.names.lock().unwrap().extend(names);
        Box::pin(async { Ok(ExportOutcome::Accepted) })
    }

    fn tick(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        *self.ticks.lock().unwrap() += 1;
        Box::pin(async { Ok(()) })
    }
}

/// Never answers, and never takes anything.
pub(super) struct Stuck;

impl Exporter for Stuck {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(std::future::pending())
    }
}

/// Takes nothing, and says why.
pub(super) struct Paused;

impl Exporter for Paused {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let (delay, reason) = (Duration::from_secs(60), String::from("the backend wants another key"));
        Box::pin(async move { Err(ExportError::Unavailable { delay, reason }) })
    }
}

/// Waits until something holds, ten seconds at most.
pub(super) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not happen");
}
