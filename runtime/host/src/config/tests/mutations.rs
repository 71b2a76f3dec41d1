use proptest::{prelude::*, sample::Index};

use super::*;

/// What is thrown into the text: pieces of TOML, units, references, and characters that trip lexers up.
const PIECES: [&str; 28] = [
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\"",
    "'",
    "\"\"\"",
    "#",
    "\n",
    "\\u",
    "\u{0}",
    "ä",
    "\u{202e}",
    "-1",
    "99999999999999999999",
    "nan",
    "1e999",
    "true",
    "1979-05-27",
    "${env:",
    "${env:TOKEN}",
    "$",
    "\"5\"",
    "[exporters.zipkin]",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_reference_file_gets_an_answer(
        edits in prop::collection::vec((any::<Index>(), 0_usize..40, prop::sample::select(&PIECES[..])), 1..6),
    ) {
        let mut text: Vec<char> = REFERENCE.chars().collect();
        for (at, removed, piece) in edits {
            let start = at.index(text.len());
            let end = (start + removed).min(text.len());
            text.splice(start..end, piece.chars());
        }
        let text: String = text.into_iter().collect();
        match read(&text) {
            Ok(document) => prop_assert!(!document.config.exporters.is_empty()),
            Err(error) => {
                prop_assert!(!error.problems.is_empty());
                prop_assert!(!error.to_string().contains("reference-token"));
            }
        }
    }

    #[test]
    fn a_secret_swallowed_by_a_mutation_stays_one(at in any::<Index>(), piece in prop::sample::select(&PIECES[..])) {
        let start = at.index(REFERENCE.chars().count());
        let text: String = REFERENCE.chars().take(start).chain(piece.chars()).chain(REFERENCE.chars().skip(start)).collect();
        if let Err(error) = read(&text) {
            prop_assert!(!format!("{error} {error:?}").contains("reference-token"), "{error}");
        }
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let surroundings = Surroundings { file: Path::new("f"), builtins: &[], variable: &|_| None, is_file: &|_| false };
        prop_assert!(parse(&bytes, &surroundings).is_err());
    }
}

#[test]
fn keys_of_half_a_million_parts_are_refused_before_they_are_parsed() {
    let error = refused(&format!("{}x = 1", "a.".repeat(400_000)));
    assert!(error.starts_with("error: the key has too many parts"), "{}", &error[..200]);
    assert!(error.len() < 1000);
}

#[test]
fn brackets_without_end_are_refused() {
    let error = refused(&format!("a = {}", "[".repeat(100_000)));
    assert!(!error.is_empty());
}
