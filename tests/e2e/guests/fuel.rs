//! What a span costs each built-in exporter, in fuel: the one cost that a noisy machine can hold to its record.
//!
//! The record is `tests/fuel.toml`. Who changes an exporter, the SDK or the contract on purpose runs this with
//! `SPANGATE_FUEL=write` and commits what it wrote.

use std::{collections::BTreeMap, fmt::Write, path::PathBuf, sync::Arc};

use prost::Message;
use spangate_core::{batch::Batch, exporter::ExportOutcome, signal::Signal};
use spangate_tests::samples;

use super::{Stage, batch};

/// Spans of a scope; there are three.
const SPANS: usize = 171;
/// A part of what is recorded.
const TOLERANCE: f64 = 0.05;
const HEADER: &str = "# Fuel per span of each built-in exporter: 513 spans with every field, in one batch, the second call of an instance.\n\
                      # Written by `SPANGATE_FUEL=write cargo test -p spangate-tests --test guests fuel`.\n";

#[test]
fn no_exporter_burns_more_fuel_for_a_span_than_is_recorded() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuel.toml");
    let found = measured();
    if std::env::var_os("SPANGATE_FUEL").is_some_and(|value| value == "write") {
        let text = found.iter().fold(HEADER.to_owned(), |mut text, (name, fuel)| {
            let _ = writeln!(text, "{name} = {fuel:.1}");
            text
        });
        std::fs::write(&path, text).unwrap();
    }
    let recorded: BTreeMap<String, f64> = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let differing = differing(&recorded, &found);
    assert!(
        differing.is_empty(),
        "\n{}\nif it is meant to be so: SPANGATE_FUEL=write, and commit",
        differing.join("\n")
    );
}

#[test]
fn more_than_five_parts_in_a_hundred_are_told_and_so_is_who_is_missing() {
    let map = |entries: &[(&str, f64)]| entries.iter().map(|(name, fuel)| ((*name).to_owned(), *fuel)).collect();
    let recorded: BTreeMap<String, f64> = map(&[("gone", 1.0), ("less", 100.0), ("more", 100.0), ("same", 100.0)]);
    let found = map(&[("less", 94.9), ("more", 105.1), ("new", 1.0), ("same", 105.0)]);
    let names: Vec<_> = differing(&recorded, &found).iter().map(|line| line[..4].to_owned()).collect();
    assert_eq!(names, ["gone", "less", "more", "new:"]);
}

/// A line for each exporter that is not as recorded. Less is told as well: the next growth would hide in it.
fn differing(recorded: &BTreeMap<String, f64>, found: &BTreeMap<String, f64>) -> Vec<String> {
    let mut names: Vec<_> = recorded.keys().chain(found.keys()).collect();
    names.sort();
    names.dedup();
    let line = |name: &String| match (recorded.get(name), found.get(name)) {
        (Some(was), Some(is)) if (is - was).abs() <= was * TOLERANCE => None,
        (was, is) => Some(format!("{name}: recorded are {was:?} fuel/span, found {is:?}")),
    };
    names.into_iter().filter_map(line).collect()
}

fn measured() -> BTreeMap<String, f64> {
    let stage = Stage::new();
    let spans = batch(Signal::Spans, samples::every_span_field(SPANS).encode_to_vec());
    let exporters = spangate_builtin::names().filter(|name| *name != "faulty");
    exporters.map(|name| (name.to_owned(), fuel_of(&stage, name, &spans))).collect()
}

fn fuel_of(stage: &Stage, name: &str, spans: &Arc<Batch>) -> f64 {
    let settings = if name == "console" { String::new() } else { stage.endpoint("/in") };
    let exporter = stage.load(name, &settings);
    let [_, before, after] = [(); 3].map(|()| {
        let fuel = exporter.state().cost.fuel;
        assert_eq!(stage.export(&exporter, spans), Ok(ExportOutcome::Accepted), "{name}");
        fuel
    });
    (after - before) as f64 / spans.len() as f64
}
