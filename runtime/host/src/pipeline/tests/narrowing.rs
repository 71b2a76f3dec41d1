//! What an exporter is not to see is taken out before it is called, counted, and made once for all with the same narrowing.

use std::{
    fs,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use spangate_core::{
    batch::Batch,
    columns::{Column, ColumnSet},
    consumer::Consumer,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, FaultKind, Preparation},
    narrow::{AttributeHash, Changes, DropRule, Narrowing, Pattern, Patterns},
    signal::Signal,
    tally::DropReason,
};
use tempfile::TempDir;

use super::{
    super::{DeadLetterFile, LaneSettings},
    scripted::{Act, Picky, ScriptedExporter},
    stage::{Stage, dropped, open, request, settings},
};
use crate::config::{DeadLetter, Secrets};

fn rule(name: &str) -> DropRule {
    DropRule { name: Pattern::parse(name), ..DropRule::default() }
}

fn dropping(names: &[&str]) -> Arc<Narrowing> {
    Arc::new(Narrowing { drop: names.iter().map(|name| rule(name)).collect(), ..open() })
}

fn keys(keys: &[&str]) -> Patterns {
    keys.iter().filter_map(|key| Pattern::parse(key)).collect()
}

fn narrowed(name: &str, narrowing: &Arc<Narrowing>) -> LaneSettings {
    LaneSettings { narrowing: Some(narrowing.clone()), ..settings(name) }
}

/// Records ten spans with a user and a card each.
fn record_attributes(stage: &Stage) {
    for row in 0..10 {
        stage
            .tracer
            .span(format!("s{row}"))
            .attribute("user", "ada@shop.example")
            .attribute("card", 4_711)
            .start()
            .end();
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_select_drops_are_settled_under_its_name_and_the_others_are_delivered() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let (all, narrowing) = (ScriptedExporter::new([], Act::Accept), dropping(&["s1*", "s7"]));
    let stage = Stage::new(vec![(narrowed("x", &narrowing), exporter.clone()), (settings("all"), all.clone())]);
    stage.receive(12).expect("room");
    stage.record(12);
    stage.settle().await;
    let expected = ["s0", "s2", "s3", "s4", "s5", "s6", "s8", "s9"];
    assert_eq!(exporter.names(), [expected, expected].concat());
    let ledger = stage.ledger(0);
    assert_eq!((ledger.accepted, ledger.delivered, dropped(&ledger, DropReason::Select)), (24, 16, 8));
    assert_eq!((stage.ledger(1).delivered, all.names().len()), (24, 24));
    let report = stage.pipeline.shutdown(Duration::from_secs(1)).await;
    assert_eq!((report.undelivered_rows(), report.dropped_rows(), report.is_complete), (0, 0, true));
    let told = "all 40 rows were delivered\n  x: 16 of 16 delivered, 8 dropped (select)\n  all: 24 of 24 delivered";
    assert_eq!(report.to_string(), told);
    assert!(stage.lines.messages().is_empty(), "{:?}", stage.lines.messages());
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_is_to_see_no_row_is_not_called() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(narrowed("x", &dropping(&["*"])), exporter.clone())]);
    stage.receive(5).expect("room");
    stage.settle().await;
    assert!(exporter.handed().is_empty());
    assert_eq!(dropped(&stage.ledger(0), DropReason::Select), 5);
}

#[tokio::test(start_paused = true)]
async fn events_are_dropped_by_name() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(narrowed("x", &dropping(&["odd"])), exporter.clone())]);
    stage.pipeline.consume(Signal::Events, request(Signal::Events, 6), [].into()).expect("room");
    stage.settle().await;
    assert_eq!(exporter.names(), ["even", "even", "even"]);
    assert_eq!(dropped(&stage.ledger(0), DropReason::Select), 3);
}

#[tokio::test(start_paused = true)]
async fn rows_are_dropped_and_attributes_counted_once_however_often_they_are_tried() {
    let partial = Act::Partial { rejected: 0, rejected_rows: vec![], retry_rows: vec![0, 2] };
    let script = [Act::Unavailable(Duration::from_secs(1)), Act::RetryAfter(None), partial, Act::RetryAfter(None)];
    let exporter = ScriptedExporter::new(script, Act::Accept);
    let drop = vec![rule("s3")];
    let narrowing = Arc::new(Narrowing { drop, hash: keys(&["user"]), deny: keys(&["card"]), ..open() });
    let stage = Stage::new(vec![(narrowed("x", &narrowing), exporter.clone())]);
    record_attributes(&stage);
    stage.settle().await;
    let handed: Vec<_> = exporter.handed().into_iter().map(|handed| handed.names.len()).collect();
    assert_eq!(handed, [9, 9, 9, 2, 2]);
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, dropped(&ledger, DropReason::Select)), (9, 1));
    let changes = stage.pipeline.lanes()[0].unseen();
    assert_eq!(changes, Changes { not_granted: 9, deleted: 0, hashed: 9 });
    // The rows that came back are those that were named among the rows it was shown.
    assert_eq!(exporter.handed()[3].names, ["s0", "s2"]);
}

/// What it is handed, kept for as long as it takes.
struct Holder {
    seen: Mutex<Vec<Weak<Batch>>>,
    secrets: AtomicU32,
}

impl Holder {
    fn new() -> Arc<Self> {
        Arc::new(Self { seen: Mutex::default(), secrets: AtomicU32::new(0) })
    }
}

impl Exporter for Holder {
    fn export(&self, batch: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async move {
            self.seen.lock().unwrap().push(Arc::downgrade(&batch));
            self.secrets.fetch_add(u32::from(batch.otlp_json().contains("ada@")), Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(batch);
            Ok(ExportOutcome::Accepted)
        })
    }
}

/// Counts hashes.
#[derive(Debug, Default)]
struct Counting(AtomicU32);

impl AttributeHash for Counting {
    fn hash(&self, _: &[u8]) -> [u8; 32] {
        self.0.fetch_add(1, Ordering::SeqCst);
        [7; 32]
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_narrowed_once_for_all_exporters_with_the_same_narrowing() {
    let hashing = Arc::new(Counting::default());
    let narrowing = Arc::new(Narrowing { hash: keys(&["user"]), hashing: hashing.clone(), ..open() });
    let holders: Vec<_> = (0..8).map(|_| Holder::new()).collect();
    let lanes = holders
        .iter()
        .enumerate()
        .map(|(number, holder)| (narrowed(&format!("x{number}"), &narrowing), holder.clone() as Arc<dyn Exporter>));
    let whole = Holder::new();
    let stage = Stage::new(lanes.chain([(settings("whole"), whole.clone() as Arc<dyn Exporter>)]).collect());
    record_attributes(&stage);
    stage.settle().await;
    assert_eq!(hashing.0.load(Ordering::SeqCst), 10, "each of ten rows once, for eight exporters");
    let of = |holder: &Holder| holder.seen.lock().unwrap()[0].clone();
    assert!(holders.iter().all(|holder| Weak::ptr_eq(&of(holder), &of(&holders[0]))));
    // Nothing that was made is kept.
    assert_eq!(of(&holders[0]).strong_count(), 0);
    let seen_by = |holder: &Holder| holder.secrets.load(Ordering::SeqCst);
    assert_eq!((holders.iter().map(|holder| seen_by(holder)).sum::<u32>(), seen_by(&whole)), (0, 1));
    for lane in 0..8 {
        assert_eq!(stage.pipeline.lanes()[lane].unseen().hashed, 10);
    }
}

fn with_dead_letters(settings: LaneSettings, dir: &TempDir) -> LaneSettings {
    let letters = DeadLetter { dir: dir.path().to_owned(), max_size: 1 << 20 };
    LaneSettings { dead_letters: Some(DeadLetterFile::new("x", &letters, &Secrets::default())), ..settings }
}

#[tokio::test(start_paused = true)]
async fn a_poison_row_is_found_among_those_that_are_shown_and_its_letter_has_what_was_shown() {
    let dir = TempDir::new().expect("a folder");
    let picky = Picky::new(&["s5"]);
    let narrowing = Narrowing { drop: vec![rule("s1")], deny: keys(&["card"]), ..open() };
    let narrowing = Arc::new(Narrowing { hash: keys(&["user"]), ..narrowing });
    let stage = Stage::new(vec![(with_dead_letters(narrowed("x", &narrowing), &dir), picky.clone())]);
    record_attributes(&stage);
    for _ in 0..10 {
        stage.settle().await;
    }
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.dead_lettered, dropped(&ledger, DropReason::Select)), (8, 1, 1));
    assert_eq!(stage.pipeline.lanes()[0].unseen(), Changes { not_granted: 9, deleted: 0, hashed: 9 });
    let text = fs::read_to_string(dir.path().join("x.jsonl")).expect("a letter");
    assert!(!text.contains("card") && !text.contains("ada@"), "{text}");
    let letter: Value = serde_json::from_str(&text).expect("one line of JSON");
    let span = &letter["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!((&span["name"], span["attributes"].as_array().map(Vec::len)), (&Value::from("s5"), Some(1)));
}

/// Faults where batches are prepared.
struct Unprepared(ExportError);

impl Exporter for Unprepared {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async { Ok(ExportOutcome::Accepted) })
    }

    fn prepare(&self, _: Preparation) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

/// Says that it is done and is not.
struct Idle;

impl Exporter for Idle {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async { Ok(ExportOutcome::Accepted) })
    }

    fn prepare(&self, _: Preparation) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_was_not_narrowed_is_not_handed_over() {
    let narrowing = Arc::new(Narrowing { columns: ColumnSet::ALL.without(Column::Name), ..open() });
    let unavailable = ExportError::Unavailable { delay: Duration::from_secs(1), reason: "not now".to_owned() };
    let exporters: [Arc<dyn Exporter>; 2] = [Arc::new(Unprepared(unavailable)), Arc::new(Idle)];
    for (exporter, is_fault) in exporters.into_iter().zip([false, true]) {
        let stage = Stage::new(vec![(narrowed("x", &narrowing), exporter)]);
        stage.receive(5).expect("room");
        tokio::time::sleep(Duration::from_secs(20)).await;
        let ledger = stage.ledger(0);
        assert_eq!((ledger.delivered, ledger.queued + ledger.dropped_total()), (0, 5), "{ledger:?}");
        let attempts = stage.pipeline.lanes()[0].attempts();
        assert_eq!(
            (attempts.unavailable > 0, attempts.faults.contains_key(&FaultKind::HostError)),
            (!is_fault, is_fault)
        );
    }
}
