//! A cursor over parsed TOML that collects every complaint instead of stopping at the first.
//!
//! A [`Table`] is asked for its keys one by one, each with a shape from `shapes.rs`. What was never asked for is an
//! unknown key. Readers always go on: a key that is wrong or missing is reported and its default used, and the caller
//! throws the result away if there was any complaint.

use std::{cell::RefCell, collections::BTreeMap, ops::Range, path::Path};

use toml::de::{DeTable, DeValue};

use super::{
    key_path::join,
    mask,
    secrets::Secrets,
    source::{Complaint, Position},
    suggest,
    variables::{VariableError, substitute},
};

/// What a configuration may ask of the world around it. Nothing else is looked at.
pub struct Surroundings<'a> {
    /// The file's name, for errors. Relative paths start at its folder.
    pub file: &'a Path,
    /// Components that `builtin:NAME` may name.
    pub builtins: &'a [&'a str],
    /// The value of a variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a path is a file that exists.
    pub is_file: &'a dyn Fn(&Path) -> bool,
}

/// A program that reads its configuration itself: it may bring components and exporters of its own.
#[derive(Clone, Copy)]
pub(crate) struct Embedding<'a> {
    /// Whether there is a component for `builtin:NAME`, beside those that [`Surroundings::builtins`] lists.
    pub(crate) is_builtin: &'a dyn Fn(&str) -> bool,
}

/// What is collected while reading.
pub(super) struct Reader<'a> {
    pub(super) surroundings: &'a Surroundings<'a>,
    /// None for a configuration that has to stand alone.
    pub(super) embedding: Option<Embedding<'a>>,
    pub(super) found: RefCell<Findings>,
}

/// What was collected.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) complaints: Vec<Complaint>,
    pub(super) secrets: Secrets,
    pub(super) positions: BTreeMap<String, Position>,
    pub(super) masked: Vec<Range<usize>>,
    /// The keys that each table was asked for.
    pub(super) known: BTreeMap<String, Vec<&'static str>>,
    /// Table, key and place of keys that nobody asked for.
    pub(super) unknown: Vec<(String, String, Range<usize>)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(surroundings: &'a Surroundings<'a>) -> Self {
        Self { surroundings, embedding: None, found: RefCell::default() }
    }

    /// Reads for a program that may bring more than is written.
    pub(super) fn embedded(self, embedding: Option<Embedding<'a>>) -> Self {
        Self { embedding, ..self }
    }

    /// Reads the whole document and closes with what nobody asked for.
    pub(super) fn read<T>(self, root: &DeTable<'_>, read: impl FnOnce(&mut Table<'_>) -> T) -> (T, Findings) {
        self.survey(root, "", false);
        let node_path = String::new();
        let mut table = Table { reader: &self, path: node_path, span: 0..0, entries: Some(root), asked: Vec::new() };
        let config = read(&mut table);
        table.finish();
        let mut found = self.found.into_inner();
        let unknown = std::mem::take(&mut found.unknown);
        found.complaints.extend(unknown.into_iter().map(|unknown| suggest::unknown_key(unknown, &found.known)));
        (config, found)
    }

    /// Notes where every key is, and which values are secrets.
    fn survey(&self, table: &DeTable<'_>, path: &str, is_telling: bool) {
        for (key, value) in table {
            let path = join(path, key.get_ref());
            // Who writes a token where the table of tokens should be has written a token all the same.
            let is_misplaced = key.get_ref() == "auth" && !matches!(value.get_ref(), DeValue::Table(_));
            let is_telling = is_telling || is_misplaced || mask::is_telling(key.get_ref());
            let position = Position { key: key.span(), value: value.span() };
            self.found.borrow_mut().positions.insert(path.clone(), position);
            self.survey_value(value.get_ref(), value.span(), &path, is_telling);
        }
    }

    fn survey_value(&self, value: &DeValue<'_>, span: Range<usize>, path: &str, is_telling: bool) {
        match value {
            DeValue::Table(table) => self.survey(table, path, is_telling),
            DeValue::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    let position = Position { key: value.span(), value: value.span() };
                    self.found.borrow_mut().positions.insert(path.clone(), position);
                    self.survey_value(value.get_ref(), value.span(), &path, is_telling);
                }
            }
            DeValue::String(text) if is_telling || mask::has_userinfo(text) => {
                let mut found = self.found.borrow_mut();
                found.masked.push(span);
                found.secrets.add(text, "(secret)");
            }
            _ if is_telling => self.found.borrow_mut().masked.push(span),
            _ => {}
        }
    }
}

/// One value and its place.
#[derive(Clone)]
pub(super) struct Node<'n> {
    pub(super) reader: &'n Reader<'n>,
    pub(super) path: String,
    pub(super) value: &'n DeValue<'n>,
    pub(super) span: Range<usize>,
}

impl<'n> Node<'n> {
    /// The last part of the path.
    pub(super) fn key(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// Collects a complaint about this value.
    pub(super) fn refuse(&self, complaint: Complaint) {
        let complaint = Complaint { span: Some(self.span.clone()), path: self.path.clone(), ..complaint };
        self.reader.found.borrow_mut().complaints.push(complaint);
    }

    /// Collects that this value is of the wrong type.
    pub(super) fn expect(&self, wanted: &str, example: &str) {
        let complaint = Complaint::new(format!("expected {wanted}, found {}", self.found()));
        self.refuse(if example.is_empty() {
            complaint
        } else {
            complaint.help(format!("write for example `{example}`"))
        });
    }

    /// The value as errors name it: bounded, escaped, and never a secret.
    pub(super) fn found(&self) -> String {
        let is_masked = self.reader.found.borrow().masked.contains(&self.span);
        match self.value {
            _ if is_masked => "a secret".to_owned(),
            DeValue::String(text) => format!("the string \"{}\"", shorten(text)),
            DeValue::Integer(number) => format!("the integer {}", shorten(&number.to_string())),
            DeValue::Float(number) => format!("the number {}", shorten(number.as_str())),
            DeValue::Boolean(flag) => format!("the boolean {flag}"),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(values) if values.is_empty() => "an empty list".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    /// Whether the value holds a reference to a variable: then what became of it is not shown.
    pub(super) fn has_variable(&self) -> bool {
        matches!(self.value, DeValue::String(raw) if raw.contains("${"))
    }

    /// The text of a string, its variables put in; None if it is no string, or was refused and reported.
    pub(super) fn text(&self) -> Option<Text> {
        let DeValue::String(raw) = self.value else { return None };
        match substitute(raw, self.reader.surroundings.variable) {
            Ok(done) => Some(Text { value: done.text, used: done.used }),
            Err(VariableError::Missing(name)) => {
                let help = format!("set {name}, or give a default: `${{env:{name}:-default}}`");
                self.refuse(Complaint::new(format!("the variable {name} is not set")).help(help));
                None
            }
            Err(VariableError::Malformed { message, help }) => {
                self.refuse(Complaint::new(message).help(help));
                None
            }
        }
    }

    /// The elements of a list; None after reporting that it is none.
    pub(super) fn elements(&self, of: &str) -> Option<Vec<Node<'n>>> {
        let DeValue::Array(values) = self.value else {
            self.expect(&format!("a list of {of}"), "");
            return None;
        };
        let element = |(index, value): (usize, &'n toml::Spanned<DeValue<'n>>)| Node {
            reader: self.reader,
            path: format!("{}[{index}]", self.path),
            value: value.get_ref(),
            span: value.span(),
        };
        Some(values.iter().enumerate().map(element).collect())
    }

    /// The table; None after reporting that it is none.
    pub(super) fn table(&self) -> Option<Table<'n>> {
        let DeValue::Table(entries) = self.value else {
            self.expect("a table", &format!("[{}]", self.path));
            return None;
        };
        Some(Table {
            reader: self.reader,
            path: self.path.clone(),
            span: self.span.clone(),
            entries: Some(entries),
            asked: Vec::new(),
        })
    }
}

fn shorten(text: &str) -> String {
    const MAX: usize = 60;
    let mut short: String = text.chars().take(MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX).is_some() {
        short.push('…');
    }
    short
}

/// A string value with its variables put in.
pub(super) struct Text {
    pub(super) value: String,
    /// Name and value of each variable.
    pub(super) used: Vec<(String, String)>,
}

/// A table that is asked for its keys.
pub(super) struct Table<'n> {
    pub(super) reader: &'n Reader<'n>,
    pub(super) path: String,
    pub(super) span: Range<usize>,
    /// None for a table that the file does not have: every key is absent.
    entries: Option<&'n DeTable<'n>>,
    asked: Vec<&'static str>,
}

impl<'n> Table<'n> {
    /// The value of `key`, which is known from now on.
    pub(super) fn node(&mut self, key: &'static str) -> Option<Node<'n>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let (_, value) = self.entries?.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(Node { reader: self.reader, path: join(&self.path, key), value: value.get_ref(), span: value.span() })
    }

    /// The value of `key`, if it is there and right.
    pub(super) fn optional<T>(&mut self, key: &'static str, shape: impl FnOnce(&Node<'n>) -> Option<T>) -> Option<T> {
        shape(&self.node(key)?)
    }

    /// The value of `key`, or `default`.
    pub(super) fn or<T>(&mut self, key: &'static str, default: T, shape: impl FnOnce(&Node<'n>) -> Option<T>) -> T {
        self.optional(key, shape).unwrap_or(default)
    }

    /// The value of `key`, whose absence is reported.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        help: &str,
        shape: impl FnOnce(&Node<'n>) -> Option<T>,
    ) -> Option<T> {
        match self.node(key) {
            Some(node) => shape(&node),
            None => {
                let complaint = Complaint::new(format!("`{key}` is missing")).help(help);
                self.refuse(Complaint { path: join(&self.path, key), is_absence: true, ..complaint });
                None
            }
        }
    }

    /// Reads the table `key`, as if it were empty when it is not there.
    pub(super) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Table<'n>) -> T) -> T {
        let node = self.node(key);
        let absent = || Table {
            reader: self.reader,
            path: join(&self.path, key),
            span: self.span.clone(),
            entries: None,
            asked: Vec::new(),
        };
        let mut table = node.and_then(|node| node.table()).unwrap_or_else(absent);
        let value = read(&mut table);
        table.finish();
        value
    }

    /// Reads the table `key` if it is there.
    pub(super) fn optional_section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Table<'n>) -> T,
    ) -> Option<T> {
        self.node(key)?;
        Some(self.section(key, read))
    }

    /// Every key and value of a table whose keys are free. They are all known from now on.
    pub(super) fn take_all(&mut self) -> Vec<(String, Node<'n>)> {
        let entry = |(key, value): (&'n toml::Spanned<_>, &'n toml::Spanned<DeValue<'n>>)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            let path = join(&self.path, key);
            (key.to_string(), Node { reader: self.reader, path, value: value.get_ref(), span: value.span() })
        };
        let entries = self.entries.take();
        entries.map(|entries| entries.iter().map(entry).collect()).unwrap_or_default()
    }

    /// Collects a complaint about the table itself.
    pub(super) fn refuse(&self, complaint: Complaint) {
        let span = Some(self.span.clone()).filter(|span| !span.is_empty());
        let path = if complaint.path.is_empty() { self.path.clone() } else { complaint.path };
        self.reader.found.borrow_mut().complaints.push(Complaint { span, path, ..complaint });
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(self) {
        let mut found = self.reader.found.borrow_mut();
        for (key, value) in self.entries.into_iter().flatten() {
            if !self.asked.iter().any(|asked| asked == key.get_ref()) {
                hide_strings(value.get_ref(), value.span(), &mut found.masked);
                found.unknown.push((self.path.clone(), key.get_ref().to_string(), key.span()));
            }
        }
        found.known.insert(self.path, self.asked);
    }
}

/// A misspelt key may hold a secret.
fn hide_strings(value: &DeValue<'_>, span: Range<usize>, masked: &mut Vec<Range<usize>>) {
    match value {
        DeValue::String(_) => masked.push(span),
        DeValue::Array(values) => values.iter().for_each(|value| hide_strings(value.get_ref(), value.span(), masked)),
        DeValue::Table(table) => {
            table.iter().for_each(|(_, value)| hide_strings(value.get_ref(), value.span(), masked))
        }
        _ => {}
    }
}
