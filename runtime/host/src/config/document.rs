//! Text in, a checked configuration or every error out.

use std::fmt;

use toml::de::DeTable;

use super::{
    key_path::join,
    mask,
    model::Config,
    problem::{ConfigError, Problem},
    reader::{Embedding, Reader, Surroundings},
    sections,
    source::{Complaint, Source},
};

/// A longer text is refused, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The parser bounds how deep brackets nest, but not how deep dotted keys do.
const MAX_KEY_PARTS: usize = 32;

/// What the parser says to a key that is there twice.
const DUPLICATE_KEY: &str = "duplicate key";

/// A checked configuration that remembers where each key stands, for what is only found out later: a component that
/// does not load, settings that a guest refuses.
#[derive(Clone)]
pub struct Document {
    /// What the text says.
    pub config: Config,
    source: Source,
}

/// Reads and checks a configuration.
///
/// # Errors
/// Everything that is wrong with it, at most 1,000 problems, in the order of the file.
pub fn parse(text: &[u8], surroundings: &Surroundings<'_>) -> Result<Document, ConfigError> {
    read(text, surroundings, None)
}

/// Like [`parse`], for a program that may bring components and exporters of its own: without exporters it is right, too.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_embedded(
    text: &[u8],
    surroundings: &Surroundings<'_>,
    embedding: Embedding<'_>,
) -> Result<Document, ConfigError> {
    read(text, surroundings, Some(embedding))
}

fn read(
    text: &[u8],
    surroundings: &Surroundings<'_>,
    embedding: Option<Embedding<'_>>,
) -> Result<Document, ConfigError> {
    let file = surroundings.file.display().to_string();
    let mut source = Source { file, ..Source::default() };
    if let Some(complaint) = decode(text, &mut source) {
        source.masked = mask::mask_all(&source.text);
        return Err(ConfigError { problems: vec![source.problem(complaint)] });
    }
    let (root, syntax_errors) = DeTable::parse_recoverable(&source.text);
    let (mut config, found) = Reader::new(surroundings).embedded(embedding).read(root.get_ref(), sections::config);
    drop(root);
    source.positions = found.positions;
    source.masked = found.masked;
    let mut complaints = found.complaints;
    if !syntax_errors.is_empty() {
        source.masked.extend(mask::mask_all(&source.text));
        drop_what_follows_from_syntax(&source, &syntax_errors, &mut complaints);
        complaints.extend(syntax_errors.iter().map(|error| syntax_complaint(&source, error)));
    }
    if complaints.is_empty() {
        config.secrets = found.secrets;
        return Ok(Document { config, source });
    }
    complaints.sort_by_key(|complaint| complaint.span.as_ref().map_or(usize::MAX, |span| span.start));
    complaints.truncate(1000);
    Err(ConfigError { problems: complaints.into_iter().map(|complaint| source.problem(complaint)).collect() })
}

/// Puts the text into `source`, as far as it is text, and says why it cannot be parsed if it cannot.
fn decode(text: &[u8], source: &mut Source) -> Option<Complaint> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has more than {MAX_BYTES} bytes: it is no configuration");
        return Some(Complaint::new(message).allowed(format!("up to {MAX_BYTES}")));
    }
    let good = std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len);
    source.text = String::from_utf8_lossy(&text[..good]).into_owned();
    if good < text.len() {
        return Some(Complaint { span: Some(good..good), ..Complaint::new("the file is not UTF-8 text") });
    }
    let span = mask::deepest_key(&source.text, MAX_KEY_PARTS)?;
    let complaint = Complaint::new("the key has too many parts").allowed(format!("up to {MAX_KEY_PARTS}"));
    Some(Complaint { span: Some(span), ..complaint })
}

/// The parser goes on after an error as well as it can. What it lost may look absent, and what stands under a broken header
/// seems to belong elsewhere.
fn drop_what_follows_from_syntax(source: &Source, errors: &[toml::de::Error], complaints: &mut Vec<Complaint>) {
    let line_of = |offset: usize| source.line_and_column(offset).0;
    let broken: Vec<_> = errors.iter().map(|error| line_of(error.span().unwrap_or_default().start)).collect();
    let is_broken_header = |error: &toml::de::Error| {
        let line = source.text.lines().nth(line_of(error.span().unwrap_or_default().start) - 1).unwrap_or_default();
        error.message() != DUPLICATE_KEY && mask::table_header(line).is_some()
    };
    if errors.iter().any(is_broken_header) {
        complaints.clear();
    }
    complaints.retain(|complaint| {
        let line = complaint.span.as_ref().map(|span| line_of(span.start));
        !complaint.is_absence && line.is_none_or(|line| !broken.contains(&line))
    });
}

fn syntax_complaint(source: &Source, error: &toml::de::Error) -> Complaint {
    let span = error.span().unwrap_or_default();
    let table = source.enclosing_table(span.start);
    let text = source.text.get(span.clone()).unwrap_or_default();
    let (line, _) = source.line_and_column(span.start);
    let mut complaint = Complaint::new(error.message().replace('\n', ", "));
    complaint.path = table.to_owned();
    if error.message() == DUPLICATE_KEY {
        let is_header =
            source.text.lines().nth(line - 1).and_then(mask::table_header).filter(|header| header.ends_with(text));
        complaint.path = is_header.map_or_else(|| join(table, text), str::to_owned);
        complaint.message = format!("`{}` is there twice", complaint.path);
        let key_line = source.positions.get(&complaint.path).map(|first| source.line_and_column(first.key.start).0);
        let is_same_header = |text: &str| mask::table_header(text) == Some(&complaint.path);
        let header_line = source.text.lines().position(is_same_header).map(|index| index + 1);
        let other = if is_header.is_some() { header_line } else { key_line };
        let other = other.filter(|other| *other != line);
        complaint.help = other.map(|other| format!("the other one is on line {other}; keep one of them"));
    }
    Complaint { span: Some(span), ..complaint }
}

impl Document {
    /// A problem found later, at the place of the key `path` or of the nearest table around it. Secrets are taken out of
    /// `message` and `help`.
    pub fn problem(&self, path: &str, message: &str, help: Option<&str>) -> Problem {
        let redact = |text: &str| self.config.secrets.redact(text).into_owned();
        let mut place = path;
        let position = loop {
            if let Some(position) = self.source.positions.get(place) {
                break Some(position);
            }
            match place.rfind(['.', '[']) {
                Some(at) => place = &place[..at],
                None => break None,
            }
        };
        self.source.problem(Complaint {
            span: position.map(|position| if place == path { position.value.clone() } else { position.key.clone() }),
            path: path.to_owned(),
            help: help.map(redact),
            ..Complaint::new(redact(message))
        })
    }

    /// The file as it was named.
    pub fn file(&self) -> &str {
        &self.source.file
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("config", &self.config).field("source", &self.source).finish()
    }
}
