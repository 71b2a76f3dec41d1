//! Who may import whom inside `runtime/host/src`: a strictly lower rank, or the own folder.

use super::{
    assert_none,
    source::{Source, rust},
};

const FOLDER: &str = "runtime/host/src/";

/// As in ARCHITECTURE.md. `status` is the document that `telemetry` renders.
const RANKS: [&[&str]; 6] = [
    &["allocator", "bucket", "clock", "guarded", "status", "text"],
    &["config", "telemetry", "bindings"],
    &["receiver", "pipeline", "capability"],
    &["sandbox", "admin"],
    &["runtime"],
    &["cli"],
];

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|modules| modules.contains(&module))
}

/// The path of a file's module below the crate: `["capability", "http", "client"]`.
fn module_path(source: &Source) -> Vec<&str> {
    let path = source.path.strip_prefix(FOLDER).unwrap_or(&source.path);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    path.strip_suffix("/mod").unwrap_or(path).split('/').collect()
}

/// The top-level modules that a file names, by `crate::` or by enough `super::`, with their places.
fn imports(source: &Source) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for at in source.find_word("crate::") {
        // `pub(in crate::x)` and `$crate::x` name modules too; both are judged alike.
        heads(source, at + "crate::".len(), &mut found);
    }
    let climbs = "super::".repeat(module_path(source).len());
    for at in source.find_word(&climbs) {
        if !source.code[..at].ends_with("super::") {
            heads(source, at + climbs.len(), &mut found);
        }
    }
    found
}

/// The first segment of a path, or of every path in a group of braces.
fn heads<'a>(source: &'a Source, at: usize, found: &mut Vec<(usize, &'a str)>) {
    let rest = &source.code[at..];
    let Some(group) = rest.strip_prefix('{') else {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        found.push((at, &rest[..end]));
        return;
    };
    let (mut depth, mut is_head, mut offset) = (0, true, at + 1);
    for character in group.chars() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => is_head = true,
            c if is_head && !c.is_whitespace() => {
                heads(source, offset, found);
                is_head = false;
            }
            _ => {}
        }
        offset += character.len_utf8();
    }
}

fn violations(source: &Source) -> Vec<String> {
    let own = module_path(source)[0];
    if own == "lib" {
        return Vec::new();
    }
    let Some(own_rank) = rank(own) else {
        return vec![format!(
            "{}: `{own}` has no rank; give it one in tests/tidy/ranks.rs and ARCHITECTURE.md",
            source.path
        )];
    };
    let is_wrong = |other: &str| other != own && rank(other).is_some_and(|rank| rank >= own_rank);
    let wrong = imports(source).into_iter().filter(|(_, other)| is_wrong(other));
    let tell = |(at, other): (usize, &str)| {
        format!(
            "{}: {own} (rank {own_rank}) imports {other} (rank {})",
            source.place(at),
            rank(other).unwrap_or_default()
        )
    };
    wrong.map(tell).collect()
}

#[test]
fn a_file_of_the_host_imports_only_lower_ranks_or_its_own_folder() {
    let found: Vec<_> = rust(&[FOLDER]).iter().flat_map(violations).collect();
    assert_none("import ranks", &found);
}

#[test]
fn the_pipeline_and_the_sandbox_do_not_import_each_other() {
    for (folder, other) in [("pipeline", "sandbox"), ("sandbox", "pipeline")] {
        let sources = rust(&[&format!("{FOLDER}{folder}")]);
        let found: Vec<_> = sources
            .iter()
            .flat_map(|source| imports(source).into_iter().map(|(at, module)| (source.place(at), module)))
            .filter(|(_, module)| *module == other)
            .map(|(place, _)| place)
            .collect();
        assert_none(&format!("{folder} imports {other}"), &found);
    }
}

#[test]
fn an_import_upwards_is_found_in_every_form() {
    let in_pipeline = |text: &str| violations(&Source::new("runtime/host/src/pipeline/worker.rs", text)).len();
    assert_eq!(in_pipeline("use crate::sandbox::Sandbox;"), 1);
    assert_eq!(in_pipeline("use crate::{config, telemetry::{Log, runtime}, sandbox::{A, B}, receiver};"), 2);
    assert_eq!(in_pipeline("fn f() { crate::admin::serve() }"), 1);
    assert_eq!(in_pipeline("use super::super::runtime::Runtime;"), 1);
    assert_eq!(in_pipeline("use super::{queue, sandbox};\nuse crate::pipeline::drain; // crate::sandbox"), 0);
    assert_eq!(violations(&Source::new("runtime/host/src/helpers.rs", "")).len(), 1);
}
