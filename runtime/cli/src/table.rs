//! Columns of text that line up.
//!
//! Numbers stand on the right, words on the left. A table that is wider than the page is shortened in its widest column of
//! words, never in numbers.

use crate::paint::Paint;

/// The page if nobody says how wide it is.
pub(crate) const PAGE: usize = 80;

const GAP: usize = 2;
const INDENT: usize = 2;

/// A table being filled. Colours are put on when it is printed, so that they do not disturb the widths.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row. Missing cells are empty, surplus ones are left out.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<String> = cells.into_iter().take(self.header.len()).collect();
        cells.resize(self.header.len(), String::new());
        self.rows.push(cells);
    }

    /// The table in lines, each ending with a line feed.
    pub(crate) fn render(&self, page: usize, paint: Paint) -> String {
        let is_number: Vec<bool> = (0..self.header.len()).map(|column| self.is_number(column)).collect();
        let widths = self.widths(page, &is_number);
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = " ".repeat(INDENT);
            for ((cell, width), is_number) in cells.zip(&widths).zip(&is_number) {
                let cell = shorten(cell, *width);
                let room = " ".repeat(width - cell.chars().count());
                line += &if *is_number { room + &cell } else { cell + &room };
                line += &" ".repeat(GAP);
            }
            line.trim_end().to_owned()
        };
        let mut text = paint.dim(&line(&mut self.header.iter().copied())) + "\n";
        for row in &self.rows {
            text += &line(&mut row.iter().map(String::as_str));
            text.push('\n');
        }
        text
    }

    /// A column is one of numbers if every cell is; a version with its two points is none.
    fn is_number(&self, column: usize) -> bool {
        let is_number = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit()) && cell.matches('.').count() < 2;
        let mut cells =
            self.rows.iter().map(|row| row[column].as_str()).filter(|cell| !matches!(*cell, "" | "-")).peekable();
        cells.peek().is_some() && cells.all(is_number)
    }

    fn widths(&self, page: usize, is_number: &[bool]) -> Vec<usize> {
        let widest = |(column, title): (usize, &&str)| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([title.chars().count()]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = self.header.iter().enumerate().map(widest).collect();
        let gaps = INDENT + GAP * widths.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(page);
        while excess > 0 {
            let words = widths.iter_mut().zip(is_number).zip(&self.header).filter(|((_, is_number), _)| !**is_number);
            let widest = words.max_by_key(|((width, _), _)| **width);
            let Some(((width, _), title)) = widest.filter(|((width, _), title)| **width > title.chars().count().max(8))
            else {
                break;
            };
            let cut = excess.min(*width - title.chars().count().max(8)).clamp(1, 4);
            *width -= cut;
            excess -= cut;
        }
        widths
    }
}

/// At most `width` characters, the last one `…` if something was left out.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1610612736` as `1.5 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    let (factor, unit) = match bytes {
        0..1024 => return format!("{bytes} B"),
        1024..1_048_576 => (1024.0, "KiB"),
        1_048_576..1_073_741_824 => (1_048_576.0, "MiB"),
        _ => (1_073_741_824.0, "GiB"),
    };
    let number = format!("{:.1}", bytes as f64 / factor);
    format!("{} {unit}", number.strip_suffix(".0").unwrap_or(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_numbers_right() {
        let mut table = Table::new(&["exporter", "delivered", "state"]);
        table.row(["zipkin".into(), "1,234".into(), "healthy".into()]);
        table.row(["b".into(), "-".into(), String::new()]);
        let expected = "  exporter  delivered  state\n  zipkin        1,234  healthy\n  b                 -\n";
        assert_eq!(table.render(PAGE, Paint::off()), expected);
    }

    #[test]
    fn a_table_too_wide_for_the_page_is_shortened_in_its_words() {
        let mut table = Table::new(&["name", "rows", "why"]);
        table.row(["a".repeat(30), "12345678901".into(), "b".repeat(70)]);
        let text = table.render(PAGE, Paint::off());
        assert!(text.lines().all(|line| line.chars().count() <= PAGE), "{text}");
        assert!(text.contains("12345678901") && text.contains('…'), "{text}");
    }

    #[test]
    fn a_table_of_nothing_but_numbers_is_left_as_wide_as_it_is() {
        let mut table = Table::new(&["a", "b"]);
        table.row(["1".repeat(60), "2".repeat(60)]);
        assert!(table.render(PAGE, Paint::off()).contains(&"2".repeat(60)));
    }

    #[test]
    fn numbers_are_grouped_and_sizes_have_units() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 1023, 1024, 1536, 64 << 20, 3 << 30].map(size),
            ["0 B", "1023 B", "1 KiB", "1.5 KiB", "64 MiB", "3 GiB"]
        );
    }
}
