//! The repository's files, and Rust with everything blanked out that is not code.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file of the repository.
pub(crate) struct Source {
    /// Relative to the repository, with slashes.
    pub(crate) path: String,
    /// As it is.
    pub(crate) text: String,
    /// For Rust: the same lines with comments, strings and characters blanked out.
    pub(crate) code: String,
}

impl Source {
    /// A file that need not exist.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") { blank(text) } else { String::new() };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// Where byte `at` of the text is, for a person.
    pub(crate) fn place(&self, at: usize) -> String {
        let line = self.text[..at].matches('\n').count() + 1;
        format!("{}:{line}", self.path)
    }

    /// Numbered lines that hold code.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(n, line)| (n + 1, line))
    }

    /// Every place of `word` in the code where no letter, digit or underscore touches it.
    pub(crate) fn find_word(&self, word: &str) -> Vec<usize> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let places = self.code.match_indices(word).map(|(at, _)| at);
        let stands_alone = |at: &usize| {
            let before = self.code[..*at].chars().next_back().filter(|_| word.starts_with(is_part));
            let after = self.code[at + word.len()..].chars().next().filter(|_| word.ends_with(is_part));
            before.into_iter().chain(after).all(|neighbour| !is_part(neighbour))
        };
        places.filter(stands_alone).collect()
    }

    /// The names that follow `keyword`, with their places: `names_after("fn")`.
    pub(crate) fn names_after(&self, keyword: &str) -> Vec<(usize, &str)> {
        let places = self.find_word(keyword).into_iter().filter_map(|at| {
            let rest = &self.code[at + keyword.len()..];
            let name = rest.trim_start();
            let start = at + keyword.len() + (rest.len() - name.len());
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            (end > 0 && rest.starts_with(char::is_whitespace)).then(|| (start, &name[..end]))
        });
        places.collect()
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file that somebody wrote, by path: build output, caches and dot folders other than `.ci` are left out.
pub(crate) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 50, "the repository was not found: {} files", found.len());
    found
}

/// Rust files whose path begins with one of `folders`.
pub(crate) fn rust(folders: &[&str]) -> Vec<Source> {
    let is_wanted =
        |source: &Source| source.path.ends_with(".rs") && folders.iter().any(|folder| source.path.starts_with(folder));
    let found: Vec<_> = sources().into_iter().filter(is_wanted).collect();
    assert!(!found.is_empty(), "no Rust in {folders:?}");
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let entry = entry.expect("a readable entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let is_left_out =
            matches!(name.as_str(), "target" | "node_modules") || (name.starts_with('.') && name != ".ci");
        let kind = entry.file_type().expect("a type of file");
        if is_left_out {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(Source::new(&path, &text));
        }
    }
}

/// Blanks comments, strings and characters with spaces; lines and byte offsets stay as they are.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = skip(bytes, at);
        for byte in code.iter_mut().take(end).skip(at).filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at = end.max(at + 1);
    }
    String::from_utf8(code).expect("whole characters were blanked")
}

/// The end of the comment, string or character that begins at `at`; `at` itself if it is code.
fn skip(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + comment_len(rest);
    }
    let is_inside_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'"', ..] => at + quoted_len(rest),
        [b'r', b'"' | b'#', ..] if !is_inside_word => at + raw_len(rest, 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !is_inside_word => at + raw_len(rest, 2),
        [b'\'', b'\\', ..] => at + 3 + rest[3..].iter().position(|byte| *byte == b'\'').map_or(0, |n| n + 1),
        [b'\'', ..] => at + character_len(rest),
        _ => at,
    }
}

fn comment_len(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted_len(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// `prefix` is the length of `r` or `br`. A raw identifier (`r#type`) is no string.
fn raw_len(rest: &[u8], prefix: usize) -> usize {
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(prefix + hashes) != Some(&b'"') {
        return 0;
    }
    let mut end = vec![b'"'];
    end.extend(std::iter::repeat_n(b'#', hashes));
    let body = prefix + hashes + 1;
    let close = rest[body..].windows(end.len()).position(|window| window == end);
    close.map_or(rest.len(), |close| body + close + end.len())
}

/// A character of one to four bytes, or 0 for a lifetime.
fn character_len(rest: &[u8]) -> usize {
    let first = rest.get(1).copied().unwrap_or_default();
    let len = match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    if rest.get(1 + len) == Some(&b'\'') { 2 + len } else { 0 }
}

#[test]
fn only_code_is_left_and_lines_stay_where_they_are() {
    let text = "let a = \"fn b() { // no\\\" \"; // fn c\n/* fn d /* fn e */ */ let f = 'x'; let g: &'static str = r#\"fn\n\
                h \"#; let i = '\\''; let r#type = b\"fn j\"; let k = 'ä';";
    let code = Source::new("a.rs", text).code;
    assert_eq!(code.len(), text.len());
    assert_eq!(code.lines().count(), text.lines().count());
    assert!(!code.contains("fn"), "{code}");
    for kept in ["let a =", "let f =", "&'static str", "let i =", "r#type", "let k"] {
        assert!(code.contains(kept), "{kept} is missing in {code}");
    }
}

#[test]
fn a_word_is_found_where_it_stands_alone() {
    let source = Source::new("a.rs", "fn fnord() {} pub fn b() {}\nlet x = a_fn();");
    assert_eq!(source.find_word("fn").len(), 2);
    let names: Vec<_> = source.names_after("fn").into_iter().map(|(at, name)| (source.place(at), name)).collect();
    assert_eq!(names, [("a.rs:1".into(), "fnord"), ("a.rs:1".into(), "b")]);
}
