//! How values are written in `OTEL_*` variables.

/// Attributes of `OTEL_RESOURCE_ATTRIBUTES`: `key=value` between commas, percent-encoded. All of them or, if anything is
/// wrong, what it is: the specification discards the whole variable.
pub(super) fn resource_attributes(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{} has no `=`", shown(pair)))?;
        let decoded = |part: &str| decode(part.trim()).ok_or_else(|| format!("{} cannot be decoded", shown(part)));
        let (key, value) = (decoded(key)?, decoded(value)?);
        if key.is_empty() {
            return Err(format!("{} has no key", shown(pair)));
        }
        attributes.retain(|(earlier, _)| *earlier != key);
        attributes.push((key, value));
    }
    Ok(attributes)
}

/// Replaces `%XX`; none if that does not make text.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

/// A value as errors show it: quoted, bounded, on one line.
pub(super) fn shown(text: &str) -> String {
    const MAX: usize = 60;
    let cut = if text.chars().nth(MAX).is_some() { "…" } else { "" };
    let text: String = text.chars().take(MAX).flat_map(char::escape_debug).collect();
    format!("\"{text}{cut}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        resource_attributes(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn attributes_are_decoded_and_a_later_one_replaces_an_earlier_one() {
        let text = " zone = a , team=a%2Cb%3Dc,empty=,caf%C3%A9=%e2%82%ac,zone=b,,url=http://x/?a=b";
        let expected = [("team", "a,b=c"), ("empty", ""), ("café", "€"), ("zone", "b"), ("url", "http://x/?a=b")];
        assert_eq!(pairs(text), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(pairs("").is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told_and_nothing_of_it_is_used() {
        for (text, told) in [
            ("a=1,b", "\"b\" has no `=`"),
            ("=1", "\"=1\" has no key"),
            ("a=100%", "\"100%\" cannot be decoded"),
            ("a=%zz", "\"%zz\" cannot be decoded"),
            ("a=%+1", "\"%+1\" cannot be decoded"),
            ("a=%ff", "\"%ff\" cannot be decoded"),
            ("a=%é", "\"%é\" cannot be decoded"),
        ] {
            assert_eq!(resource_attributes(text), Err(told.to_owned()), "{text}");
        }
        let long = resource_attributes(&"x\u{1b}".repeat(500)).expect_err("no `=`");
        assert!(long.len() < 600 && !long.contains('\u{1b}'), "{long}");
    }
}
