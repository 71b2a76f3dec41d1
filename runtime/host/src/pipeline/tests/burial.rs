//! The dead-letter file: what is in it, and what happens when it cannot take more.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, sync::Arc, time::Duration};

use serde_json::Value;
use spangate_core::tally::DropReason;
use tempfile::TempDir;

use super::{
    super::{DeadLetterFile, LaneSettings},
    scripted::{Act, Picky, ScriptedExporter},
    stage::{Stage, dropped, settings},
};
use crate::config::{DeadLetter, Secrets};

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add("hunter2hunter2", "${env:KEY}");
    secrets
}

fn with_letters(dir: &Path, max_size: usize) -> LaneSettings {
    let config = DeadLetter { dir: dir.to_owned(), max_size };
    let file = DeadLetterFile::new("x", &config, &secrets());
    file.prepare().expect("a folder");
    LaneSettings { dead_letters: Some(file), ..settings("x") }
}

fn stage(dir: &Path, max_size: usize, poison: &[&str]) -> (Stage, Arc<Picky>) {
    let exporter = Picky::new(poison);
    (Stage::new(vec![(with_letters(dir, max_size), exporter.clone())]), exporter)
}

fn lines(dir: &Path) -> Vec<Value> {
    let text = fs::read_to_string(dir.join("x.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn span_name(line: &Value) -> &str {
    line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"].as_str().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_poison_row_is_on_a_line_of_its_own_with_its_batch_and_fault_and_without_secrets() {
    let dir = TempDir::new().unwrap();
    let (stage, _) = stage(dir.path(), 1 << 20, &["s5"]);
    stage.receive(8).expect("room");
    stage.settle().await;
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.dead_lettered, ledger.dropped_total()), (7, 1, 0));
    let [line] = lines(dir.path()).try_into().expect("one line");
    let header = &line["spangate"];
    assert_eq!(
        (header["dead_letter"].as_u64(), header["exporter"].as_str(), header["rows"].as_u64()),
        (Some(1), Some("x"), Some(1))
    );
    assert_eq!((header["signal"].as_str(), header["batch"].as_str().map(str::len)), (Some("spans"), Some(32)));
    assert_eq!(header["fault"]["kind"], "trapped");
    assert_eq!(header["fault"]["detail"], "cannot take it, says ${env:KEY}");
    assert_eq!(span_name(&line), "s5");
    let mode = fs::metadata(dir.path().join("x.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        stage.lines.messages(),
        ["1 rows went to the dead letters: trapped: cannot take it, says hunter2hunter2"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_row_that_holds_a_secret_goes_without_it() {
    let dir = TempDir::new().unwrap();
    let mut named = secrets();
    named.add("s3\"quoted", "(quoted)");
    named.add("s3-secret", "(secret)");
    let config = DeadLetter { dir: dir.path().to_owned(), max_size: 1 << 20 };
    let lane = LaneSettings { dead_letters: Some(DeadLetterFile::new("x", &config, &named)), ..settings("x") };
    let exporter = Picky::new(&["s3-secret and s3\"quoted"]);
    let stage = Stage::new(vec![(lane, exporter.clone())]);
    for name in ["a", "s3-secret and s3\"quoted", "b"] {
        stage.tracer.span(name.to_owned()).start().end();
    }
    stage.settle().await;
    let [line] = lines(dir.path()).try_into().expect("one line");
    assert_eq!(span_name(&line), "(secret) and (quoted)");
}

#[tokio::test(start_paused = true)]
async fn a_full_file_takes_no_more_and_what_it_refuses_is_dropped_for_that_reason() {
    let dir = TempDir::new().unwrap();
    let poison = ["s1", "s2", "s3", "s4"];
    // What four lines take, measured.
    let (first, _) = stage(dir.path(), 1 << 20, &poison);
    first.receive(32).expect("room");
    first.settle().await;
    let path = dir.path().join("x.jsonl");
    let whole = fs::metadata(&path).unwrap().len() as usize;
    for (room, written) in [(whole - 1, 3), (whole, 4)] {
        fs::remove_file(&path).unwrap();
        let (stage, exporter) = stage(dir.path(), room, &poison);
        stage.receive(32).expect("room");
        stage.settle().await;
        let ledger = stage.ledger(0);
        assert_eq!((ledger.dead_lettered, dropped(&ledger, DropReason::DeadLetterFailed)), (written, 4 - written));
        assert_eq!((lines(dir.path()).len() as u64, exporter.delivered.lock().unwrap().len()), (written, 28));
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_written_costs_the_row_and_holds_nobody_up() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x.jsonl");
    let kinds: [&dyn Fn(); 4] = [
        &|| fs::create_dir(&path).unwrap(),
        &|| std::os::unix::fs::symlink("elsewhere", &path).unwrap(),
        &|| {
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        },
        // Whoever opens it in the ordinary way to write waits for a reader, who never comes.
        &|| assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&path).status().unwrap().success()),
    ];
    for make in kinds {
        make();
        let (stage, _) = stage(dir.path(), 1 << 20, &["s2"]);
        stage.receive(8).expect("room");
        stage.settle().await;
        let ledger = stage.ledger(0);
        assert_eq!((ledger.delivered, dropped(&ledger, DropReason::DeadLetterFailed)), (7, 1));
        assert!(stage.lines.messages()[0].contains("(dead_letter_failed)"), "{:?}", stage.lines.messages());
        let _ = fs::remove_dir(&path).or_else(|_| fs::remove_file(&path));
    }
    assert!(!dir.path().join("elsewhere").exists());
}

#[tokio::test(start_paused = true)]
async fn a_torn_line_stays_alone_and_a_file_that_was_moved_away_is_begun_anew() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x.jsonl");
    fs::write(&path, "{\"spangate\":{\"dead").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let (stage, _) = stage(dir.path(), 1 << 20, &["s2"]);
    stage.receive(8).expect("room");
    stage.settle().await;
    let text = fs::read_to_string(&path).unwrap();
    let written: Vec<&str> = text.lines().collect();
    assert_eq!((written.len(), written[0]), (2, "{\"spangate\":{\"dead"));
    serde_json::from_str::<Value>(written[1]).expect("a whole line");
    fs::rename(&path, dir.path().join("taken.jsonl")).unwrap();
    stage.receive(8).expect("room");
    stage.settle().await;
    assert_eq!((lines(dir.path()).len(), stage.ledger(0).dead_lettered), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_always_faults_leaves_no_dead_letters() {
    let dir = TempDir::new().unwrap();
    let exporter = ScriptedExporter::new([], Act::Fault(spangate_core::exporter::FaultKind::Trapped));
    let stage = Stage::new(vec![(with_letters(dir.path(), 1 << 20), exporter)]);
    for _ in 0..4 {
        stage.receive(100).expect("room");
    }
    tokio::time::sleep(Duration::from_secs(400)).await;
    let ledger = stage.ledger(0);
    assert_eq!((ledger.dead_lettered, dropped(&ledger, DropReason::TooOld)), (0, 400));
    assert!(!dir.path().join("x.jsonl").exists());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_is_being_written() {
    let dir = TempDir::new().unwrap();
    let (stage, _) = stage(dir.path(), 1 << 20, &["s1", "s6"]);
    stage.receive(8).expect("room");
    let report = stage.pipeline.shutdown(Duration::from_secs(25)).await;
    assert!(report.is_complete, "{report}");
    assert_eq!((report.exporters[0].ledger.dead_lettered, lines(dir.path()).len()), (2, 2));
}
