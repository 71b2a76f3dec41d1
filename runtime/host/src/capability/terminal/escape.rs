//! Text for a terminal, made harmless: colours pass, everything else that steers a terminal is shown.

/// What is handed on of `text`, and the rest. It ends behind a line if there is one within `most` bytes and as many
/// again, and never inside a colour sequence.
pub(super) fn next_piece(text: &str, most: usize) -> (String, &str) {
    let mut piece = String::with_capacity(text.len().min(most));
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if piece.len() >= most && (piece.ends_with('\n') || piece.len() >= 2 * most) {
            break;
        }
        if let Some(sequence) = leading_color(rest) {
            piece.push_str(sequence);
            rest = &rest[sequence.len()..];
            continue;
        }
        if is_harmless(c) {
            piece.push(c);
        } else {
            piece.extend(c.escape_default());
        }
        rest = &rest[c.len_utf8()..];
    }
    (piece, rest)
}

fn is_harmless(c: char) -> bool {
    !c.is_control() || c == '\n' || c == '\t'
}

/// The SGR sequence that `text` starts with, ECMA-48 section 8.3.117.
fn leading_color(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let length = "\x1b[".len() + end + 1;
    (parameters[end..].starts_with('m') && end <= 32).then(|| &text[..length])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escape(text: &str) -> String {
        let (piece, rest) = next_piece(text, usize::MAX / 2);
        assert_eq!(rest, "");
        piece
    }

    #[test]
    fn colours_lines_and_tabs_pass() {
        let text = "\x1b[1;31mred\x1b[0m\n\tplain\x1b[m";
        assert_eq!(escape(text), text);
    }

    #[test]
    fn every_other_escape_sequence_is_shown_not_sent() {
        for (sent, shown) in [
            ("\x1b[2J", "\\u{1b}[2J"),
            ("\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("\x1b[31", "\\u{1b}[31"),
            ("\x1b[?25l", "\\u{1b}[?25l"),
            ("a\rb", "a\\rb"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ] {
            assert_eq!(escape(sent), shown);
        }
    }

    #[test]
    fn a_piece_ends_with_a_line_where_there_is_one() {
        assert_eq!(next_piece("ab\ncdef\ngh", 4), ("ab\ncdef\n".into(), "gh"));
        assert_eq!(next_piece("abcdefghijkl", 4), ("abcdefgh".into(), "ijkl"));
        assert_eq!(next_piece("abcdefg\x1b[31mred", 4), ("abcdefg\x1b[31m".into(), "red"));
        assert_eq!(next_piece("ab", 4), ("ab".into(), ""));
    }

    proptest! {
        #[test]
        fn no_escape_character_survives_but_in_a_colour(text in "[\\x1b\\[;0-9mJa\\r\\n]{0,64}") {
            let harmless = escape(&text);
            for (at, _) in harmless.match_indices('\x1b') {
                prop_assert!(leading_color(&harmless[at..]).is_some());
            }
        }

        #[test]
        fn pieces_make_the_whole(text in "[\\x1b\\[;0-9mJa\\r\\nü]{0,64}", most in 1..20_usize) {
            let mut pieces = String::new();
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let (piece, after) = next_piece(rest, most);
                prop_assert!(!piece.is_empty());
                pieces.push_str(&piece);
                rest = after;
            }
            prop_assert_eq!(pieces, escape(&text));
        }
    }
}
