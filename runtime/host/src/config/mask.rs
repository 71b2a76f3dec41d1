//! Which parts of a file that could not be parsed may not be shown.
//!
//! Every quoted text counts as a secret, and so does the bare value of a key whose name says that it is one.

use std::ops::Range;

/// Whether a key's name says that its value is a secret.
pub(super) fn is_telling(key: &str) -> bool {
    const WORDS: [&str; 10] = [
        "headers",
        "authorization",
        "cookie",
        "token",
        "secret",
        "passw",
        "credential",
        "api_key",
        "apikey",
        "hash_key",
    ];
    let key = key.to_ascii_lowercase().replace('-', "_");
    // Its values are names of headers.
    let key = key.replace("metadata_headers", "");
    // Where a secret lies is none, and has to be told if it cannot be read.
    !key.ends_with("_file") && WORDS.iter().any(|word| key.contains(word))
}

/// Whether a text is an address with a name or password in it.
pub(super) fn has_userinfo(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// The name in a line like `[exporters.billing]`. A name with quotes is not given: such a line may be part of a list.
pub(super) fn table_header(line: &str) -> Option<&str> {
    let inside = line.trim_start().strip_prefix('[')?.trim_start_matches('[');
    let name = inside.split([']', '#']).next()?.trim();
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    (!name.is_empty() && name.chars().all(is_bare)).then_some(name)
}

/// What to blank out in `text`, which is not valid TOML.
pub(super) fn mask_all(text: &str) -> Vec<Range<usize>> {
    let mut masked = quoted(text);
    let (mut offset, mut in_telling_table) = (0, false);
    for line in text.split_inclusive('\n') {
        if let Some(header) = table_header(line) {
            in_telling_table = is_telling(header);
        }
        match line.find('=') {
            Some(at) if in_telling_table || is_telling(line) => masked.push(offset + at + 1..offset + line.len()),
            // the rest of a value that began further up: nobody knows whose
            None if table_header(line).is_none() && !line.trim_start().starts_with('#') => {
                masked.push(offset..offset + line.len());
            }
            _ => {}
        }
        offset += line.len();
    }
    masked
}

/// The first key of more than `most` dotted parts.
pub(super) fn deepest_key(text: &str, most: usize) -> Option<Range<usize>> {
    let (mut start, mut dots) = (0, 0);
    let mut strings = quoted(text).into_iter().peekable();
    for (at, character) in text.char_indices() {
        while strings.next_if(|string| string.end <= at).is_some() {}
        match character {
            _ if strings.peek().is_some_and(|string| string.contains(&at)) => {}
            '.' => dots += 1,
            '=' | ',' | '{' | '[' | '\n' => (start, dots) = (at + 1, 0),
            _ => {}
        }
        if dots >= most {
            return Some(start..at);
        }
    }
    None
}

/// Every string, also one that is never closed: that one to the end of its line, or of the file if it spans lines.
fn quoted(text: &str) -> Vec<Range<usize>> {
    let mut masked = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['"', '\'', '#']) {
        let start = at + found;
        let rest = &text[start..];
        let length = if rest.starts_with('#') {
            at = start + rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if rest.starts_with("\"\"\"") || rest.starts_with("'''") {
            closing(&rest[3..], &rest[..3]).map_or(rest.len(), |end| 3 + end)
        } else {
            let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
            closing(&line[1..], &rest[..1]).map_or(line.len(), |end| 1 + end)
        };
        masked.push(start..start + length);
        at = start + length;
    }
    masked
}

/// Just behind the closing quote.
fn closing(text: &str, quote: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = at + text[at..].find([quote.chars().next()?, '\\'])?;
        let escapes = text[found..].starts_with('\\') && quote.starts_with('"');
        if text[found..].starts_with(quote) {
            return Some(found + quote.len());
        }
        let skipped = text[found..].chars().take(if escapes { 2 } else { 1 }).map(char::len_utf8).sum::<usize>();
        at = found + skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let masked = mask_all(text);
        text.char_indices().filter(|(at, _)| !masked.iter().any(|mask| mask.contains(at))).map(|(_, c)| c).collect()
    }

    #[test]
    fn quoted_text_is_hidden_closed_or_not() {
        assert_eq!(shown("a = \"x\"\nb = 'y' # c\nd = \"open\ne = 5s"), "a = \nb =  # c\nd = \ne = 5s");
        assert_eq!(shown("a = \"\\\"x\" b = 1"), "a =  b = 1");
        assert_eq!(shown("a = \"\"\"x\ny\"\"\"\nb = 1"), "a = b = 1");
        assert_eq!(shown("a = \"\"\"x\ny\nb = 1"), "a = ");
    }

    #[test]
    fn bare_values_of_telling_keys_are_hidden() {
        assert_eq!(shown("authorization = Bearer abc"), "authorization =");
        assert_eq!(shown("[a.headers]\nx = abc\n[b]\ny = 1"), "[a.headers]\nx =[b]\ny = 1");
        assert_eq!(shown("headers = { x = abc"), "headers =");
        assert_eq!(shown("a = [\n  abc\n"), "a = [\n");
    }

    #[test]
    fn addresses_with_a_password_are_known() {
        assert!(has_userinfo("https://me:pw@host/x") && has_userinfo("http://me@host"));
        assert!(!has_userinfo("https://host/x@y") && !has_userinfo("me@host"));
    }

    #[test]
    fn names_of_secrets_are_known() {
        assert!(
            ["Authorization", "x-api-key", "api_key", "db_password", "auth_token"].iter().all(|key| is_telling(key))
        );
        let harmless = ["queue", "listen", "timeout", "metadata_headers", "bearer_token_file"];
        assert!(!harmless.iter().any(|key| is_telling(key)));
    }
}
