//! What lanes are handed that ask for OTLP alone.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use spangate_core::{
    batch::{Batch, BatchId},
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
    otlp::{ScanLimits, scan},
    signal::Signal,
};

use super::{
    super::LaneSettings,
    stage::{Stage, settings},
};

/// Remembers the spans that it was handed as OTLP.
#[derive(Default)]
struct Witness {
    names: Mutex<Vec<String>>,
}

impl Exporter for Witness {
    fn export(&self, batch: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let request = scan(Signal::Spans, batch.otlp(), &ScanLimits::default()).unwrap().request;
        let received = Batch::received(BatchId([1; 16]), Signal::Spans, request, [].into());
        let columns = received.columns();
        let names = columns.spans.name.chunks(2).map(|words| columns.text_at([words[0], words[1]]).to_owned());
        self.names.lock().unwrap().extend(names);
        Box::pin(async { Ok(ExportOutcome::Accepted) })
    }
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
