//! Lanes whose exporters have threads of their own, and what they are handed.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use spangate_core::{
    batch::{Batch, BatchId},
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
    otlp::{ScanLimits, scan},
    signal::Signal,
};
use tokio::runtime::{Builder, Runtime};

use super::{
    super::LaneSettings,
    stage::{Stage, settings},
};

/// Remembers on which thread it was called, and the spans it was handed as OTLP.
#[derive(Default)]
struct Witness {
    threads: Mutex<Vec<String>>,
    names: Mutex<Vec<String>>,
}

impl Exporter for Witness {
    fn export(&self, batch: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let name = thread::current().name().unwrap_or_default().to_owned();
        self.threads.lock().unwrap().push(name);
        let request = scan(Signal::Spans, batch.otlp(), &ScanLimits::default()).unwrap().request;
        let received = Batch::received(BatchId([1; 16]), Signal::Spans, request, [].into());
        let columns = received.columns();
        let names = columns.spans.name.chunks(2).map(|words| columns.text_at([words[0], words[1]]).to_owned());
        self.names.lock().unwrap().extend(names);
        Box::pin(async { Ok(ExportOutcome::Accepted) })
    }
}

fn threads(name: &str) -> Runtime {
    Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_time().build().unwrap()
}

#[tokio::test]
async fn a_batch_is_delivered_on_the_threads_of_its_exporter_if_it_has_some() {
    let theirs = threads("theirs");
    let with_threads = LaneSettings { threads: Some(theirs.handle().clone()), ..settings("a") };
    let witnesses = [Arc::new(Witness::default()), Arc::new(Witness::default())];
    let stage = Stage::new(vec![(with_threads, witnesses[0].clone()), (settings("b"), witnesses[1].clone())]);
    stage.record(3);
    assert!(stage.pipeline.flush(Duration::from_secs(60)).await.is_complete);
    let here = thread::current().name().unwrap_or_default().to_owned();
    let seen = witnesses.map(|witness| witness.threads.lock().unwrap().clone());
    assert_eq!(seen, [vec!["theirs".to_owned()], vec![here]]);
    assert!(stage.pipeline.shutdown(Duration::from_secs(60)).await.is_complete);
    theirs.shutdown_background();
}

#[test]
fn who_delivers_on_the_exporters_threads_ends_with_the_pipeline() {
    let (ours, theirs) = (threads("ours"), threads("theirs"));
    let settings = LaneSettings { threads: Some(theirs.handle().clone()), ..settings("a") };
    let exporter = Arc::new(Witness::default());
    let weak = Arc::downgrade(&exporter);
    let stage = ours.block_on(async move { Stage::new(vec![(settings, exporter)]) });
    drop(ours);
    assert!(weak.upgrade().is_some());
    drop(stage);
    let patience = Instant::now() + Duration::from_secs(60);
    while weak.upgrade().is_some() && Instant::now() < patience {
        thread::sleep(Duration::from_millis(1));
    }
    assert!(weak.upgrade().is_none(), "a task holds it");
}

#[tokio::test(start_paused = true)]
async fn spans_stay_as_they_were_recorded_if_nobody_asks_for_more_than_otlp() {
    for (alone, is_kept) in [([true, true], true), ([true, false], false)] {
        let witnesses = [Arc::new(Witness::default()), Arc::new(Witness::default())];
        let lane = |at: usize| {
            let settings = LaneSettings { reads_otlp_alone: alone[at], ..settings(["a", "b"][at]) };
            (settings, witnesses[at].clone() as Arc<dyn Exporter>)
        };
        let stage = Stage::new(vec![lane(0), lane(1)]);
        stage.record(1);
        let chunks = stage.pipeline.intake().take_all();
        assert_eq!(chunks.iter().map(|chunk| chunk.records.is_some()).collect::<Vec<_>>(), [is_kept]);
        stage.record(700);
        assert!(stage.pipeline.flush(Duration::from_secs(60)).await.is_complete);
        let expected: Vec<_> = (0..700).map(|row| format!("s{row}")).collect();
        for witness in witnesses {
            assert_eq!(*witness.names.lock().unwrap(), expected);
        }
    }
}
