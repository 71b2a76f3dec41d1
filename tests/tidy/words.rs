//! Words that must not be committed: unfinished code, silenced tests, paths of one machine, hosts of registries.

use super::{
    assert_none,
    source::{Source, rust, sources},
};

const FOLDERS: [&str; 4] = ["runtime/", "sdk/", "guests/", "tests/"];
const UNFINISHED: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "#[ignore"];

/// In two halves, so that this file does not hold what it looks for.
const PLACES: [(&str, &str); 10] = [
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("/wo", "rk/"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("registry.npmjs", ".org"),
    ("py", "pi.org"),
    ("proxy.golang", ".org"),
    ("maven", ".org"),
];

fn unfinished(source: &Source) -> Vec<String> {
    let found = UNFINISHED.iter().flat_map(|word| source.find_word(word).into_iter().map(move |at| (at, word)));
    found.map(|(at, word)| format!("{}: `{word}`", source.place(at))).collect()
}

/// `allow` that does not say why, and tests that assert on time.
fn unexplained(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["allow(", "expect("] {
        for bracket in ["#[", "#!["] {
            for at in source.find_word(&format!("{bracket}{attribute}")) {
                let end = source.text[at..].find(")]").map_or(source.text.len(), |end| at + end);
                if !source.text[at..end].contains("reason = ") {
                    found.push(format!("{}: {attribute}..) without a reason", source.place(at)));
                }
            }
        }
    }
    // Waiting in vain has to end somewhere: that is no assertion about speed. Nor is a lower bound.
    let is_waiting = source.path.starts_with("tests/support/");
    let is_timed = |line: &str| line.contains("assert") && line.contains("elapsed() <");
    let timed = source.code_lines().filter(|(_, line)| is_timed(line) && !is_waiting);
    found.extend(timed.map(|(line, _)| format!("{}:{line}: an assertion about elapsed time", source.path)));
    found
}

fn foreign_places(source: &Source) -> Vec<String> {
    let places = PLACES.iter().map(|(a, b)| format!("{a}{b}"));
    let found = places.flat_map(|place| {
        let at = source.text.match_indices(&place).map(|(at, _)| at).next()?;
        Some(format!("{}: `{place}`", source.place(at)))
    });
    found.collect()
}

#[test]
fn nothing_is_unfinished_and_no_test_is_ignored() {
    let found: Vec<_> = rust(&FOLDERS).iter().flat_map(unfinished).collect();
    assert_none("unfinished", &found);
}

#[test]
fn every_silenced_lint_says_why_and_no_test_asserts_on_time() {
    let found: Vec<_> = rust(&FOLDERS).iter().flat_map(unexplained).collect();
    assert_none("unexplained", &found);
}

#[test]
fn no_file_names_a_path_of_one_machine_or_the_host_of_a_registry() {
    let found: Vec<_> = sources().iter().flat_map(foreign_places).collect();
    assert_none("foreign places", &found);
}

#[test]
fn each_of_these_is_found_where_it_occurs() {
    let text = "#[ignore = \"slow\"]\nfn f() { todo!() }\n// dbg!\n#[allow(dead_code)]\nstruct S;\n\
                #[expect(dead_code, reason = \"used by name\")]\nstruct T;\nassert!(start.elapsed() < limit);";
    let source = Source::new("a.rs", text);
    assert_eq!(unfinished(&source).len(), 2, "{:?}", unfinished(&source));
    assert_eq!(unexplained(&source).len(), 2, "{:?}", unexplained(&source));
    let place = format!("see {}{}someone/file", PLACES[1].0, PLACES[1].1);
    assert_eq!(foreign_places(&Source::new("a.md", &place)).len(), 1);
}
