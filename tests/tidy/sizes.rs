//! How long files and functions may be, in lines that hold code.

use super::{
    assert_none,
    source::{Source, rust},
};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 60;
const FOLDERS: [&str; 4] = ["runtime/", "sdk/", "guests/", "tests/"];

fn long_files(source: &Source) -> Option<String> {
    let lines = source.code_lines().count();
    (lines > MAX_FILE_LINES).then(|| format!("{}: {lines} lines of code, at most {MAX_FILE_LINES}", source.path))
}

fn long_functions(source: &Source) -> Vec<String> {
    let functions = source.names_after("fn").into_iter().filter_map(|(at, name)| {
        let end = body_end(&source.code[at..])? + at;
        let lines = source.code[at..end].lines().filter(|line| !line.trim().is_empty()).count();
        let place = source.place(at);
        (lines > MAX_FUNCTION_LINES)
            .then(|| format!("{place}: `{name}` has {lines} lines, at most {MAX_FUNCTION_LINES}"))
    });
    functions.collect()
}

/// Where the body of a function ends that begins somewhere in `code`; none for one without a body.
fn body_end(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0usize, 0usize);
    for (at, character) in code.char_indices() {
        match character {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            ';' if braces == 0 && brackets == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[test]
fn no_file_is_longer_than_four_hundred_lines_of_code() {
    let found: Vec<_> = rust(&FOLDERS).iter().filter_map(long_files).collect();
    assert_none("long files", &found);
}

#[test]
fn no_function_is_longer_than_sixty_lines_of_code() {
    let found: Vec<_> = rust(&FOLDERS).iter().flat_map(long_functions).collect();
    assert_none("long functions", &found);
}

#[test]
fn length_counts_code_and_neither_comments_nor_blank_lines() {
    let body = "    let a = 1;\n\n    // word\n".repeat(59);
    let long = format!("fn f(a: [u8; 2]) -> u8 {{\n{body}}}\n\ntrait T {{ fn g(); }}\n");
    assert_eq!(long_functions(&Source::new("a.rs", &long)), ["a.rs:1: `f` has 61 lines, at most 60"]);
    let short = format!("fn f() {{\n{}}}\n", "    let a = 1;\n\n".repeat(58));
    assert!(long_functions(&Source::new("a.rs", &short)).is_empty());
    assert!(long_files(&Source::new("a.rs", &"let a = 1;\n// b\n\n".repeat(400))).is_none());
    assert!(long_files(&Source::new("a.rs", &"let a = 1;\n".repeat(401))).is_some());
}
