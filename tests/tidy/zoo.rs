//! Every guest that misbehaves is a row of the zoo's table, and every row of the table has its guest.

use super::{
    assert_none,
    source::{Source, rust, sources},
};

const ROWS: &str = "tests/e2e/zoo/rows/";
const FAULTY: &str = "guests/faulty/src/";
const WAT: &str = "tests/wat/";
/// What the study of faults lists, all of which a release has to have; those of poisoned batches have tests of their own.
const LISTED: [&str; 29] = [
    "Z01", "Z02", "Z03", "Z04", "Z05", "Z07", "Z08", "Z09", "Z11", "Z12", "Z14", "Z16", "Z17", "Z18", "Z19", "Z20",
    "Z22", "Z24", "Z26", "Z27", "Z28", "Z30", "Z33", "Z35", "Z40", "Z41", "Z43", "Z44", "Z46",
];

/// How a row names its file.
fn row(constructor: &str, id: &str, name: &str) -> String {
    format!("Specimen::{constructor}(\"{id}\", \"{name}\")")
}

/// Ids and names of all rows that `constructor` makes.
fn rows<'a>(table: &'a str, constructor: &str) -> Vec<(&'a str, &'a str)> {
    let start = format!("Specimen::{constructor}(\"");
    let arguments = table.split(&start).skip(1).filter_map(|rest| rest.split_once("\")"));
    arguments.filter_map(|(arguments, _)| arguments.split_once("\", \"")).collect()
}

/// Names of files in `folder` that are guests.
fn guests<'a>(sources: &'a [Source], folder: &str, extension: &str) -> Vec<&'a str> {
    let names = sources.iter().filter_map(|source| source.path.strip_prefix(folder)?.strip_suffix(extension));
    names.filter(|name| !matches!(*name, "lib" | "bindings")).collect()
}

fn complaints(table: &str, sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for (constructor, folder, extension) in [("faulty", FAULTY, ".rs"), ("wat", WAT, ".wat")] {
        let (guests, rows) = (guests(sources, folder, extension), rows(table, constructor));
        for guest in guests.iter().filter(|guest| !rows.iter().any(|(_, name)| name == *guest)) {
            let row = row(constructor, "Z..", guest);
            found.push(format!("{folder}{guest}{extension}: no row; add `{row}` to a file of {ROWS}"));
        }
        for (id, name) in rows.iter().filter(|(_, name)| !guests.contains(name)) {
            found.push(format!("{}: no file {folder}{name}{extension}", row(constructor, id, name)));
        }
    }
    found
}

fn table() -> String {
    rust(&[ROWS]).into_iter().map(|source| source.text).collect()
}

#[test]
fn every_guest_that_misbehaves_is_a_row_of_the_zoo() {
    assert_none("the zoo's table and its guests", &complaints(&table(), &sources()));
}

#[test]
fn every_number_of_the_study_is_a_row_of_the_zoo() {
    let table = table();
    let is_there = |id: &&str| table.contains(&format!("(\"{id}\", "));
    let missing: Vec<_> = LISTED.into_iter().filter(|id| !is_there(id)).map(str::to_owned).collect();
    assert_none("numbers without a row", &missing);
}

#[test]
fn a_guest_without_a_row_and_a_row_without_a_guest_are_found() {
    let sources = ["guests/faulty/src/lib.rs", "guests/faulty/src/spin.rs", "tests/wat/gc.wat", "tests/wat/a/b.txt"];
    let sources: Vec<_> = sources.iter().map(|path| Source::new(path, "")).collect();
    let row = |constructor, name| row(constructor, "Z01", name);
    let table = [row("faulty", "spin"), row("wat", "gc")].join(",\n");
    assert_eq!(complaints(&table, &sources), Vec::<String>::new());
    assert_eq!(complaints(&row("faulty", "spin"), &sources).len(), 1);
    let found = complaints(&(table + &row("wat", "lost")), &sources);
    assert_eq!(found, ["Specimen::wat(\"Z01\", \"lost\"): no file tests/wat/lost.wat"]);
}
