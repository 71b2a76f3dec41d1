//! Text that is never printed, and the means to take it out of what others print.

use std::{borrow::Cow, fmt};

/// Text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, to be sent and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Every secret of one configuration, each with the label that is printed in its place: `${env:NAME}` or `(secret)`.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Longest first, so that a secret that contains another is replaced whole.
    entries: Vec<(Secret, String)>,
}

impl Secrets {
    /// Shorter texts (a tenant's number, `true`) are not taken out: they would blank out ordinary words.
    pub const MIN_LEN: usize = 6;

    /// Adds a secret, unless it is shorter than [`Secrets::MIN_LEN`] bytes or known.
    pub fn add(&mut self, text: &str, label: &str) {
        if text.len() < Self::MIN_LEN || self.entries.iter().any(|(secret, _)| secret.expose() == text) {
            return;
        }
        let longer = self.entries.partition_point(|(secret, _)| secret.expose().len() >= text.len());
        self.entries.insert(longer, (Secret::new(text.to_owned()), label.to_owned()));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether one of them may stand in this JSON text. True if there are some that JSON may write differently.
    pub(crate) fn may_be_in(&self, json: &str) -> bool {
        let is_plain =
            |letter: u8| letter.is_ascii_graphic() && !matches!(letter, b'"' | b'\\' | b'/' | b'<' | b'>' | b'&');
        let secrets = self.entries.iter().map(|(secret, _)| secret.expose());
        secrets.into_iter().any(|secret| !secret.bytes().all(is_plain) || json.contains(secret))
    }

    /// `text` with every secret replaced by its label.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut redacted = Cow::Borrowed(text);
        for (secret, label) in &self.entries {
            if redacted.contains(secret.expose()) {
                redacted = Cow::Owned(redacted.replace(secret.expose(), label));
            }
        }
        redacted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_by_its_label_wherever_it_stands() {
        let mut secrets = Secrets::default();
        secrets.add("hunter2hunter2", "${env:KEY}");
        assert_eq!(secrets.redact("a hunter2hunter2 b hunter2hunter2"), "a ${env:KEY} b ${env:KEY}");
        assert_eq!(secrets.redact("nothing here"), "nothing here");
    }

    #[test]
    fn a_secret_inside_a_longer_one_does_not_leave_the_rest_of_it() {
        let mut secrets = Secrets::default();
        secrets.add("abcdefg", "(short)");
        secrets.add("Bearer abcdefg-rest", "(long)");
        assert_eq!(secrets.redact("x Bearer abcdefg-rest y abcdefg"), "x (long) y (short)");
    }

    #[test]
    fn neither_secrets_nor_their_list_show_in_debug_output() {
        let mut secrets = Secrets::default();
        secrets.add("canary-canary", "(secret)");
        assert!(!format!("{secrets:?} {:?}", Secret::new("canary-canary".into())).contains("canary"));
    }

    #[test]
    fn short_texts_are_left_alone() {
        let mut secrets = Secrets::default();
        secrets.add("true", "${env:FLAG}");
        assert_eq!(secrets.redact("true story"), "true story");
    }
}
