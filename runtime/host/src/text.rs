//! Text from a guest, made harmless: bounded in bytes, control characters escaped.

/// `text` in one line of at most `max_bytes` bytes: every control character is escaped, and what is cut off is marked
/// by an ellipsis (which comes on top).
pub(crate) fn escape_line(text: &str, max_bytes: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max_bytes));
    for c in text.chars() {
        let end = line.len();
        if c.is_control() || is_invisible(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
        if line.len() > max_bytes {
            line.truncate(end);
            line.push('…');
            break;
        }
    }
    line
}

/// Line separators that are no control characters, and marks that reorder what a person reads.
///
/// Source: Unicode's Bidi_Control property (UAX 9).
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_whatever_is_in_it() {
        assert_eq!(escape_line("a\nb\x1b[31mc\u{2028}d", 100), "a\\nb\\u{1b}[31mc\\u{2028}d");
    }

    #[test]
    fn the_cut_is_marked_and_never_splits_a_character() {
        assert_eq!(escape_line("grün", 4), "grü…");
        assert_eq!(escape_line("grün", 3), "gr…");
        assert_eq!(escape_line("grün", 5), "grün");
    }

    #[test]
    fn marks_that_reorder_text_are_shown() {
        for mark in
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            let expected = format!("a{}b", mark.escape_default());
            assert_eq!(escape_line(&format!("a{mark}b"), 100), expected);
        }
        assert_eq!(escape_line("عربي 👩\u{200d}🚀", 100), "عربي 👩\u{200d}🚀");
    }
}
