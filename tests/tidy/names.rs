//! Names: words that say nothing, tests that are no sentences, folders' `mod.rs`.

use super::{
    assert_none,
    source::{Source, rust, sources},
};

const FOLDERS: [&str; 4] = ["runtime/", "sdk/", "guests/", "tests/"];
const EMPTY_WORDS: [&str; 6] = ["manager", "helper", "helpers", "util", "utils", "misc"];
/// Words that say nothing unless somebody else's name has them.
const EMPTY_NAMES: [&str; 2] = ["common", "handle_stuff"];
const ITEMS: [&str; 9] = ["fn", "struct", "enum", "trait", "mod", "type", "const", "static", "union"];

/// `HttpClient2_x` is http, client2, x.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        if (character.is_uppercase() && was_lower) || character == '_' || character == '-' {
            words.push(String::new());
        }
        was_lower = character.is_lowercase() || character.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
    }
    words
}

fn says_nothing(name: &str) -> bool {
    let words = words(name);
    let has = |empty: &&str| words.iter().any(|word| word == empty);
    EMPTY_WORDS.iter().any(has) || words.iter().any(|word| word == "common") || EMPTY_NAMES.contains(&name)
}

fn empty_names(source: &Source) -> Vec<String> {
    let declared = ITEMS.iter().flat_map(|item| source.names_after(item));
    let empty = declared.filter(|(_, name)| says_nothing(name));
    empty.map(|(at, name)| format!("{}: `{name}`", source.place(at))).collect()
}

/// Tests whose names have fewer than three words.
fn short_tests(source: &Source) -> Vec<String> {
    let is_test = |at: usize| {
        let before = source.code[..at].trim_end_matches(|c: char| c != ']' && c != '}' && c != ';');
        before.ends_with("test]") || before.ends_with("test()]") || has_arguments(source, at)
    };
    let short = source.names_after("fn").into_iter().filter(|(at, name)| is_test(*at) && words(name).len() < 3);
    short.map(|(at, name)| format!("{}: `{name}`", source.place(at))).collect()
}

/// `#[tokio::test(flavor = ..)]` and the like.
fn has_arguments(source: &Source, at: usize) -> bool {
    let before = &source.code[..at];
    before.rfind("#[").is_some_and(|attribute| {
        let attribute = &before[attribute..];
        attribute.starts_with("#[tokio::test(") && !attribute.contains('}') && !attribute.contains(';')
    })
}

fn busy_mod_file(source: &Source) -> Option<String> {
    // A folder of tests may share what its tests need.
    if !source.path.ends_with("/mod.rs") || source.path.contains("/tests/") {
        return None;
    }
    ITEMS.iter().chain(&["impl"]).filter(|item| **item != "mod").find_map(|item| {
        let at = source.find_word(item).first().copied()?;
        Some(format!("{}: `{item}` in a file that holds only docs and re-exports", source.place(at)))
    })
}

#[test]
fn no_name_says_nothing() {
    let mut found: Vec<_> = rust(&FOLDERS).iter().flat_map(empty_names).collect();
    let parts = |path: &str| path.split(['/', '.']).any(says_nothing);
    found.extend(sources().iter().filter(|source| parts(&source.path)).map(|source| source.path.clone()));
    assert_none("names that say nothing", &found);
}

#[test]
fn the_name_of_a_test_is_a_sentence() {
    let found: Vec<_> = rust(&FOLDERS).iter().flat_map(short_tests).collect();
    assert_none("names of tests with fewer than three words", &found);
}

#[test]
fn a_mod_file_holds_only_docs_and_re_exports() {
    let found: Vec<_> = rust(&FOLDERS).iter().filter_map(busy_mod_file).collect();
    assert_none("code in mod.rs", &found);
}

#[test]
fn empty_words_are_found_inside_names_and_only_there() {
    let source = Source::new(
        "a.rs",
        "struct QueueManager; fn do_util() {} mod common; fn utility(h: Handle) {}\nuse tokio_util::x;",
    );
    let found = empty_names(&source);
    assert_eq!(found, ["a.rs:1: `do_util`", "a.rs:1: `QueueManager`", "a.rs:1: `common`"]);
}

#[test]
fn short_tests_and_busy_mod_files_are_found() {
    let text = "#[test]\nfn works() {}\n#[tokio::test(start_paused = true)]\nasync fn still_works() {}\n#[test]\nfn it_works_too() {}\nfn free() {}";
    assert_eq!(short_tests(&Source::new("a.rs", text)), ["a.rs:2: `works`", "a.rs:4: `still_works`"]);
    assert!(busy_mod_file(&Source::new("a/mod.rs", "//! fn\nmod a;\npub use a::b;")).is_none());
    assert!(busy_mod_file(&Source::new("a/mod.rs", "mod a;\nfn b() {}")).is_some());
}
