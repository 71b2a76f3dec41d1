//! Views of a batch live as long as it is being tried, and no longer: a queue's account does not know them.

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
};

use super::{
    scripted::{Act, ScriptedExporter},
    stage::{Stage, settings},
};

/// Reads the JSON view of every batch, remembers which it was, and then does as the other does.
struct Reader {
    inner: Arc<ScriptedExporter>,
    seen: Mutex<Vec<Weak<String>>>,
}

impl Reader {
    fn new(script: impl IntoIterator<Item = Act>, finally: Act) -> Arc<Self> {
        Arc::new(Self { inner: ScriptedExporter::new(script, finally), seen: Mutex::default() })
    }

    fn seen(&self) -> Vec<Weak<String>> {
        self.seen.lock().unwrap().clone()
    }
}

impl Exporter for Reader {
    fn export(&self, batch: Arc<Batch>, attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async move {
            self.seen.lock().unwrap().push(Arc::downgrade(&batch.otlp_json()));
            self.inner.export(batch.clone(), attempt).await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_waits_for_another_attempt_keeps_no_views() {
    let reader = Reader::new([], Act::RetryAfter(Some(Duration::from_secs(60))));
    let stage = Stage::new(vec![(settings("x"), reader.clone())]);
    stage.receive(512).expect("room");
    stage.record(512);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((stage.ledger(0).queued, reader.seen().len()), (1024, 2));
    assert!(reader.seen().iter().all(|view| view.strong_count() == 0));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_waits_keeps_no_views_that_others_had_built() {
    let (reader, late) = (Reader::new([], Act::Accept), ScriptedExporter::new([], Act::Hang));
    let stage = Stage::new(vec![(settings("reader"), reader.clone()), (settings("late"), late)]);
    for _ in 0..3 {
        stage.receive(512).expect("room");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!((stage.ledger(0).delivered, stage.ledger(1).queued), (3 * 512, 2 * 512));
    assert!(reader.seen().iter().all(|view| view.strong_count() == 0));
}

#[tokio::test(start_paused = true)]
async fn exporters_that_try_a_batch_at_once_share_its_views() {
    let readers = [Reader::new([], Act::AcceptAfter(Duration::from_secs(1))), Reader::new([], Act::Accept)];
    let stage = Stage::new(vec![(settings("a"), readers[0].clone()), (settings("b"), readers[1].clone())]);
    stage.receive(512).expect("room");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(readers[0].seen()[0].upgrade().is_some());
    assert!(Weak::ptr_eq(&readers[0].seen()[0], &readers[1].seen()[0]));
}
