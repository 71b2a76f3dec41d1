//! The name of a project, in the three spellings that it needs.

use std::fmt;

/// A package may be called something longer, but nobody has to type it.
const MAX_CHARACTERS: usize = 64;

/// Names that a package cannot have: Rust's keywords, its own crates, and what the template depends on or imports.
const TAKEN: &str = " abstract as async await become box break const continue crate do dyn else enum extern false final fn \
                     for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct \
                     super trait true try type typeof unsafe unsized use virtual where while yield \
                     alloc build core deps examples incremental proc-macro proc_macro std test \
                     serde serde-json serde_json spangate-sdk spangate_sdk ";

/// Types that the template imports, and those that are always there.
const TAKEN_TYPES: [&str; 15] = [
    "Batch",
    "Box",
    "Deserialize",
    "Err",
    "Exporter",
    "Host",
    "None",
    "Ok",
    "Option",
    "Outcome",
    "Result",
    "Self",
    "SettingError",
    "Some",
    "Value",
];

/// A name that a Cargo package and a TOML table can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// Says what is wrong with it, and which name would do.
    pub(super) fn parse(text: &str) -> Result<Self, BadName> {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        let why = if text.is_empty() {
            "it is empty"
        } else if text.contains(['/', '\\', '.']) {
            "it is a name, not a path; where the project goes is said by --path"
        } else if !text.chars().all(is_allowed) {
            "it may consist of lower-case letters, digits, `-` and `_`"
        } else if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            "it has to start with a letter"
        } else if text.len() > MAX_CHARACTERS {
            "it may have 64 characters"
        } else if TAKEN.split(' ').any(|taken| taken == text) {
            "a Rust package cannot be called that"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(BadName { name: text.to_owned(), why, instead: likely(text) })
    }

    /// As given: the package, and the exporter in a configuration.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a crate and a file: `slow_spans`.
    pub(super) fn as_crate(&self) -> String {
        self.0.replace('-', "_")
    }

    /// As a type: `SlowSpans`.
    pub(super) fn as_type(&self) -> String {
        let capital = |word: &str| {
            let mut characters = word.chars();
            characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect::<String>()
        };
        let name: String = self.0.split(['-', '_']).map(capital).collect();
        if TAKEN_TYPES.contains(&name.as_str()) { format!("My{name}") } else { name }
    }
}

/// Why a name cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadName {
    name: String,
    why: &'static str,
    /// A name like it that could.
    instead: Option<String>,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be the name of an exporter: {}", self.name.escape_debug(), self.why)?;
        self.instead.as_ref().map_or(Ok(()), |instead| write!(f, "; `{instead}` would do"))
    }
}

impl std::error::Error for BadName {}

/// The nearest name that is allowed.
fn likely(text: &str) -> Option<String> {
    let last = text.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let lower = last.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let name = &name[..name.len().min(MAX_CHARACTERS)];
    let name = if TAKEN.split(' ').any(|taken| taken == name) { format!("{name}-exporter") } else { name.to_owned() };
    Name::parse(&name).ok().map(|name| name.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelt_as_package_crate_and_type() {
        let name = Name::parse("slow-spans2_x").expect("a name");
        assert_eq!((name.as_str(), name.as_crate().as_str()), ("slow-spans2_x", "slow_spans2_x"));
        assert_eq!(name.as_type(), "SlowSpans2X");
        assert_eq!(Name::parse("batch").expect("a name").as_type(), "MyBatch");
        assert_eq!(Name::parse("x--y").expect("a name").as_type(), "XY");
    }

    #[test]
    fn a_bad_name_is_told_with_one_that_would_do() {
        for (text, instead) in [
            ("", None),
            ("My Exporter", Some("my-exporter")),
            ("2fast", Some("fast")),
            ("../slow", Some("slow")),
            ("slow/", Some("slow")),
            ("lib.rs", Some("lib-rs")),
            ("-x", Some("x")),
            ("fn", Some("fn-exporter")),
            ("test", Some("test-exporter")),
            ("spangate-sdk", Some("spangate-sdk-exporter")),
            ("größe", Some("gr-e")),
            ("日本", None),
            ("a\u{1b}[31m", Some("a-31m")),
        ] {
            let error = Name::parse(text).expect_err(text);
            assert_eq!(error.instead.as_deref(), instead, "{text}");
            assert!(!error.to_string().contains('\u{1b}'), "{text}");
        }
        assert!(Name::parse(&"x".repeat(65)).is_err() && Name::parse(&"x".repeat(64)).is_ok());
    }
}
