//! Documents that name a test as their evidence name one that exists.

use std::collections::HashSet;

use super::{
    assert_none,
    source::{Source, rust, sources},
};

const FOLDERS: [&str; 4] = ["runtime/", "sdk/", "guests/", "tests/"];
/// A word with so many underscores is the name of a test: tests are called by sentences.
const MIN_UNDERSCORES: usize = 3;

/// Words in backticks, with their places.
fn quoted(source: &Source) -> Vec<(usize, &str)> {
    let mut at = 0;
    let mut found = Vec::new();
    for (nth, part) in source.text.split('`').enumerate() {
        if nth % 2 == 1 {
            found.push((at, part));
        }
        at += part.len() + 1;
    }
    found
}

fn is_test_name(word: &str) -> bool {
    word.matches('_').count() >= MIN_UNDERSCORES
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn missing(document: &Source, tests: &HashSet<&str>) -> Vec<String> {
    let named = quoted(document).into_iter().filter(|(_, word)| is_test_name(word) && !tests.contains(word));
    named.map(|(at, word)| format!("{}: there is no test `{word}`", document.place(at))).collect()
}

#[test]
fn every_test_that_a_document_names_exists() {
    let code = rust(&FOLDERS);
    let tests: HashSet<&str> = code.iter().flat_map(|source| source.names_after("fn")).map(|(_, name)| name).collect();
    let documents = sources().into_iter().filter(|source| source.path.ends_with(".md"));
    let found: Vec<_> = documents.flat_map(|document| missing(&document, &tests)).collect();
    assert_none("evidence", &found);
}

#[test]
fn a_test_that_went_is_found_and_other_words_are_let_be() {
    let document =
        Source::new("a.md", "`max_in_flight`, `a_b_c`: `the_test_is_there`\n`the_test_is_gone` the_test_is_gone");
    let found = missing(&document, &HashSet::from(["the_test_is_there"]));
    assert_eq!(found, ["a.md:2: there is no test `the_test_is_gone`"]);
}
