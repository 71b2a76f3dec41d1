//! What is wrong with a configuration, told so that a person can mend it.

use std::fmt;

/// One thing that is wrong, with its place in the file. Holds no secret: texts were cleared when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What was found, a lowercase fragment.
    pub message: String,
    /// The file as it was named.
    pub file: String,
    /// Line and column, both from 1, the column in characters. None if the file as a whole is meant.
    pub place: Option<(usize, usize)>,
    /// Dotted key path as in `exporters.billing.queue.max_queue_size`, empty for the whole file.
    pub path: String,
    /// What is allowed there.
    pub allowed: Option<String>,
    /// What may have been meant, or what to do.
    pub help: Option<String>,
    pub(super) excerpt: Option<Excerpt>,
}

/// One line of the file, secrets blanked out, and which characters of it are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) line: String,
    pub(super) start: usize,
    pub(super) width: usize,
}

impl fmt::Display for Problem {
    /// Several lines, without a line feed at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let number = self.place.map_or(String::new(), |(line, _)| line.to_string());
        let gutter = " ".repeat(number.len());
        write!(f, "{gutter}--> {}", self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(Excerpt { line, start, width }) = &self.excerpt {
            let (indent, carets) = (" ".repeat(*start), "^".repeat((*width).max(1)));
            write!(f, "\n{gutter} |\n{number} | {line}\n{gutter} | {indent}{carets}")?;
        }
        if !self.path.is_empty() {
            write!(f, "\n{gutter} = key: {}", self.path)?;
        }
        for (label, text) in [("allowed", &self.allowed), ("help", &self.help)] {
            if let Some(text) = text {
                write!(f, "\n{gutter} = {label}: {text}")?;
            }
        }
        Ok(())
    }
}

/// Everything that is wrong with a configuration, in the order of the file. Never empty.
#[derive(Clone, Debug, thiserror::Error)]
pub struct ConfigError {
    /// In the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}\n")?;
        }
        match self.problems.len() {
            1 => f.write_str("1 error"),
            count => write!(f, "{count} errors"),
        }
    }
}
