//! The text of a configuration: where an offset is, and a line of it that may be shown.
//!
//! Constraints: an excerpt never shows a secret. Spans that hold one are blanked out; where the file could not be parsed
//! the spans are not known, so that every quoted text and every value of a telling key is blanked out.

use std::{collections::BTreeMap, fmt, ops::Range};

use super::{
    mask,
    problem::{Excerpt, Problem},
};

/// Where a key and its value stand, as byte offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
}

/// A configuration's text and what is known about places in it.
#[derive(Clone, Default)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) text: String,
    /// By dotted key path.
    pub(super) positions: BTreeMap<String, Position>,
    /// Values that are not to be shown.
    pub(super) masked: Vec<Range<usize>>,
}

/// A problem before its place is looked up.
#[derive(Clone, Debug, Default)]
pub(super) struct Complaint {
    pub(super) span: Option<Range<usize>>,
    pub(super) path: String,
    pub(super) message: String,
    pub(super) allowed: Option<String>,
    pub(super) help: Option<String>,
    /// Something is not there. Not told when the file could not be parsed: it may be in the part that was lost.
    pub(super) is_absence: bool,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    pub(super) fn allowed(self, allowed: impl Into<String>) -> Self {
        Self { allowed: Some(allowed.into()), ..self }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl Source {
    pub(super) fn problem(&self, complaint: Complaint) -> Problem {
        let Complaint { span, path, message, allowed, help, .. } = complaint;
        let place = span.as_ref().map(|span| self.line_and_column(span.start));
        let excerpt = span.and_then(|span| self.excerpt(span));
        Problem { message, file: self.file.clone(), place, path, allowed, help, excerpt }
    }

    /// Line and column from 1, the column in characters.
    pub(super) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..self.floor(offset)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The header above `offset`, as in `exporters.billing`; empty before the first one.
    pub(super) fn enclosing_table(&self, offset: usize) -> &str {
        let before = self.text.get(..self.floor(offset)).unwrap_or_default();
        let header = before.lines().rev().skip(usize::from(!before.ends_with('\n'))).find_map(mask::table_header);
        header.unwrap_or_default()
    }

    fn floor(&self, offset: usize) -> usize {
        (0..=offset.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    fn excerpt(&self, span: Range<usize>) -> Option<Excerpt> {
        const WIDTH: usize = 100;
        let start = self.floor(span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let span = start..self.floor(span.end).clamp(start, line_end);
        let (mut line, mut first, mut width, mut in_mask) = (String::new(), 0, 0, false);
        for (at, character) in self.text[line_start..line_end].char_indices() {
            let offset = line_start + at;
            let is_masked = self.masked.iter().any(|mask| mask.contains(&offset));
            if is_masked && in_mask {
                continue; // one sign for the whole secret, so that not even its length shows
            }
            in_mask = is_masked;
            let shown = if is_masked { "(secret)" } else { "" };
            match character {
                _ if is_masked => line += shown,
                character if character.is_control() => line.push(' '),
                character => line.push(character),
            }
            let added = if is_masked { shown.len() } else { 1 };
            match offset {
                offset if span.contains(&offset) => width += added,
                offset if offset < span.start => first += added,
                _ => {}
            }
        }
        let hidden = first.saturating_sub(WIDTH / 2);
        let line: String = line.chars().skip(hidden).take(WIDTH).collect();
        let first = first - hidden;
        Some(Excerpt {
            line: line.trim_end().to_owned(),
            start: first,
            width: width.clamp(1, WIDTH - first.min(WIDTH - 1)),
        })
    }
}

impl fmt::Debug for Source {
    /// Without the text, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("file", &self.file).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, masked: Range<usize>) -> Source {
        Source { file: "f.toml".into(), text: text.into(), masked: Vec::from([masked]), ..Source::default() }
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(source("ä = 1\nöö = 2", 0..0).line_and_column(12), (2, 4));
        assert_eq!(source("a", 0..0).line_and_column(99), (1, 2));
        assert_eq!(source("", 0..0).line_and_column(0), (1, 1));
    }

    #[test]
    fn a_secret_is_blanked_out_and_the_caret_still_points_at_what_follows() {
        let source = source("h = \"hunter2\", x = 1", 4..13);
        let excerpt = source.excerpt(15..16).expect("an excerpt");
        assert_eq!(excerpt.line, "h = (secret), x = 1");
        assert_eq!(&excerpt.line[excerpt.start..excerpt.start + excerpt.width], "x");
        let excerpt = source.excerpt(4..13).expect("an excerpt");
        assert_eq!(&excerpt.line[excerpt.start..excerpt.start + excerpt.width], "(secret)");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}here{}", "a".repeat(500), "b".repeat(500));
        let excerpt = source(&text, 0..0).excerpt(500..504).expect("an excerpt");
        assert_eq!(excerpt.line.len(), 100);
        assert_eq!(&excerpt.line[excerpt.start..excerpt.start + excerpt.width], "here");
    }

    #[test]
    fn the_table_around_a_place_is_found() {
        let source = source("a = 1\n[x.y] # note\nb = 2\n", 0..0);
        assert_eq!((source.enclosing_table(3), source.enclosing_table(20)), ("", "x.y"));
    }
}
