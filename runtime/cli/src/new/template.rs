//! The files of a new project, by language. A language is a folder of `templates/`. A template's manifest has another
//! name there: a folder with a `Cargo.toml` is a package of its own to cargo, and left out of this one's.
//!
//! Placeholders: `{{name}}`, `{{crate}}` and `{{type}}` are the name in its spellings, `{{sdk}}` is where the SDK comes from,
//! `{{steps}}` the commands that follow.

use super::name::Name;
use crate::args::Language;

/// A language's files and commands, placeholders open.
#[derive(Debug)]
pub(super) struct Template {
    /// Path below the project and content.
    files: &'static [(&'static str, &'static str)],
    /// What to run, from inside the project.
    steps: &'static str,
}

/// A file to be written.
pub(super) type File = (&'static str, String);

const RUST: Template = Template {
    files: &[
        ("Cargo.toml", include_str!("../../templates/rust/manifest.toml")),
        ("src/lib.rs", include_str!("../../templates/rust/src/lib.rs")),
        ("spangate.toml", include_str!("../../templates/rust/spangate.toml")),
        ("README.md", include_str!("../../templates/rust/README.md")),
        (".gitignore", include_str!("../../templates/rust/gitignore")),
    ],
    steps: include_str!("../../templates/rust/steps"),
};

impl Template {
    /// The template of a language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Rust => &RUST,
        }
    }

    /// The files of the project `name`, whose SDK comes from `sdk`.
    pub(super) fn files(&self, name: &Name, sdk: &str) -> Vec<File> {
        let steps = self.steps(name);
        let filled = |text: &str| fill(text, name).replace("{{sdk}}", sdk).replace("{{steps}}", steps.trim_end());
        self.files.iter().map(|(path, text)| (*path, filled(text))).collect()
    }

    /// What to run, from inside the project, a command a line.
    pub(super) fn steps(&self, name: &Name) -> String {
        fill(self.steps, name)
    }
}

fn fill(text: &str, name: &Name) -> String {
    text.replace("{{name}}", name.as_str()).replace("{{crate}}", &name.as_crate()).replace("{{type}}", &name.as_type())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<File> {
        let name = Name::parse("slow-spans").expect("a name");
        Template::of(Language::Rust).files(&name, "\"0.1\"")
    }

    #[test]
    fn no_placeholder_is_left_open() {
        for (path, text) in files() {
            assert!(!text.contains("{{name") && !text.contains("{{crate") && !text.contains("{{type"), "{path}");
            assert!(!text.contains("{{sdk") && !text.contains("{{steps"), "{path}");
        }
    }

    #[test]
    fn the_exporter_with_its_test_has_fewer_than_forty_lines() {
        let files = files();
        let (_, source) = files.iter().find(|(path, _)| *path == "src/lib.rs").expect("a source");
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        let lines = source.lines().filter(is_code).count();
        assert!(lines < 40, "{lines} lines");
        assert!(source.contains("pub struct SlowSpans") && source.contains("[exporters.slow-spans.settings]"));
    }
}
