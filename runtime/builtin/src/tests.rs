//! What the components ask of a host, read from the components themselves.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};

use crate::{component, digest, names};

/// Interfaces of the contract that a component imports, without package and version.
fn contract_imports(name: &str) -> BTreeSet<String> {
    imports(name).iter().filter_map(|import| import.strip_prefix("spangate:exporter/")).map(interface).collect()
}

/// Packages of WASI that a component imports.
fn wasi_packages(name: &str) -> BTreeSet<String> {
    imports(name)
        .iter()
        .filter(|import| !import.starts_with("spangate:"))
        .map(|import| import.split('/').next().unwrap_or_default().to_owned())
        .collect()
}

fn interface(import: &str) -> String {
    import.split('@').next().unwrap_or_default().to_owned()
}

fn imports(name: &str) -> Vec<String> {
    named(name, |payload, found| {
        if let Payload::ComponentImportSection(section) = payload {
            found.extend(section.clone().into_iter().map(|import| import.unwrap().name.name.to_owned()));
        }
    })
}

fn exports(name: &str) -> Vec<String> {
    named(name, |payload, found| {
        if let Payload::ComponentExportSection(section) = payload {
            found.extend(section.clone().into_iter().map(|export| export.unwrap().name.name.to_owned()));
        }
    })
}

/// Names in the outermost component: what is nested in it starts deeper.
fn named(name: &str, collect: impl Fn(&Payload<'_>, &mut Vec<String>)) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component(name).unwrap()) {
        let payload = payload.unwrap();
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            payload if depth == 0 => collect(payload, &mut found),
            _ => {}
        }
    }
    found
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_exporter_imports_no_more_of_the_contract_than_it_uses() {
    assert_eq!(contract_imports("otlp"), set(&["batch", "clock", "http", "log"]));
    assert_eq!(contract_imports("zipkin"), set(&["batch", "clock", "http", "spans"]));
    assert_eq!(contract_imports("webhook"), set(&["batch", "clock", "events", "http", "spans"]));
    assert_eq!(contract_imports("console"), set(&["batch", "events", "spans", "terminal"]));
}

#[test]
fn nothing_of_wasi_is_imported_beyond_what_the_empty_world_answers() {
    let answered = set(&["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"]);
    for name in names() {
        let asked = wasi_packages(name);
        assert!(asked.is_subset(&answered), "{name}: {asked:?}");
    }
}

#[test]
fn every_component_exports_the_whole_exporter_world() {
    for name in names() {
        let exported: BTreeSet<_> = exports(name)
            .iter()
            .filter_map(|export| export.strip_prefix("spangate:exporter/"))
            .map(interface)
            .collect();
        let world = ["event-exporter", "lifecycle", "span-exporter", "started-span-exporter", "ticker"];
        assert_eq!(exported, set(&world), "{name}");
    }
}

#[test]
fn a_name_that_is_not_built_in_has_no_component() {
    assert!(component("jaeger").is_none());
    let mut sorted: Vec<_> = names().collect();
    sorted.sort_unstable();
    assert_eq!(names().collect::<Vec<_>>(), sorted);
}

#[test]
fn the_digest_of_each_component_is_known_and_that_of_other_bytes_is_not() {
    for name in names() {
        let bytes = component(name).unwrap();
        let expected: [u8; 32] = Sha256::digest(bytes).into();
        assert_eq!(digest(bytes), Some(expected), "{name}");
        let copy: Box<[u8]> = bytes.into();
        assert_eq!(digest(&copy), None, "a copy of {name} need not stay the same");
        assert_eq!(digest(&bytes[..bytes.len() - 1]), None, "a part of {name}");
    }
}
