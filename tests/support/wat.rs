//! Components of `tests/wat`: text for what no compiler emits.

use std::{collections::HashMap, fs, path::Path};

#[path = "../../runtime/host/src/sandbox/tests/holes.rs"]
mod holes;

/// Assembles `tests/wat/NAME.wat`. A file that begins with a parenthesis is a component or module as it stands. Any other
/// fills holes of `exporter.wat`, each after a line `== HOLE`. Lines of comment may come first.
///
/// # Panics
/// If there is no such file, it names an unknown hole, or it is not WebAssembly text.
pub fn wat(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("wat/{name}.wat"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let whole = if is_whole(&text) { text } else { filled(name, &text) };
    wat::parse_str(&whole).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_whole(text: &str) -> bool {
    text.lines().find(|line| !line.is_empty() && !line.starts_with(";;")).is_some_and(|line| line.starts_with('('))
}

fn filled(name: &str, text: &str) -> String {
    let sections = text.split("\n== ").skip(1);
    let mut fillings: HashMap<&str, &str> = sections.filter_map(|section| section.split_once('\n')).collect();
    let mut known = Vec::new();
    let filled = holes::fill(|hole| {
        known.push(hole.to_owned());
        fillings.remove(hole).unwrap_or_default()
    });
    assert!(fillings.is_empty(), "{name}.wat fills {:?}; the holes are {known:?}", fillings.keys());
    filled
}
