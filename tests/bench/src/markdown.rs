//! Tables in Markdown that are readable as they stand.

use std::fmt::Write;

/// Lines of as many cells each, the first one the heads. Columns but the first stand to the right.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default().max(2);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}", width = *width),
            _ => format!("{cell:>width$}", width = *width),
        });
        let _ = writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "));
        if number == 0 {
            let rules = widths.iter().enumerate();
            let rules = rules.map(|(at, width)| if at == 0 { "-".repeat(*width) } else { "-".repeat(width - 1) + ":" });
            let _ = writeln!(out, "| {} |", rules.collect::<Vec<_>>().join(" | "));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_as_wide_as_the_widest_of_their_column() {
        let lines = [["a", "head"], ["µµµ", "1"]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(aligned(&lines), "| a   | head |\n| --- | ---: |\n| µµµ |    1 |\n");
    }
}
