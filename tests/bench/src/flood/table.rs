//! The table, as Markdown that is readable as it stands.

use super::exporting::Speed;
use crate::markdown::aligned;

/// What came of one flood.
pub(super) struct Row {
    pub(super) who: &'static str,
    /// That were recorded.
    pub(super) spans: f64,
    /// The flood took.
    pub(super) seconds: f64,
    /// Of the recording threads for a span.
    pub(super) nanoseconds: f64,
    pub(super) exported: f64,
    /// That the library says it has dropped, if it says that.
    pub(super) dropped: Option<f64>,
    pub(super) grown_bytes: f64,
    /// Whether the flood was ended because of that.
    pub(super) took_too_much: bool,
}

const HEADS: [&str; 8] =
    ["", "flood", "recorded", "for a span", "exported", "dropped and counted", "unaccounted for", "memory grew by"];

pub(super) fn markdown(speed: Speed, threads: u32, milliseconds: u64, rows: &[Row]) -> String {
    let exporter = match speed {
        Speed::Discarding => "an exporter that discards",
        Speed::Slow => "an exporter that takes 100 ms for 512 spans",
    };
    let mut lines = vec![HEADS.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(cells));
    format!("\n{threads} threads record as fast as they can for {milliseconds} ms, {exporter}\n\n{}", aligned(&lines))
}

fn cells(row: &Row) -> Vec<String> {
    let share = |spans: f64| format!("{:.1} %", spans / row.spans * 100.0);
    let left = row.spans - row.exported - row.dropped.unwrap_or_default();
    vec![
        row.who.to_owned(),
        format!("{:.1} s{}", row.seconds, if row.took_too_much { ", ended by its memory" } else { "" }),
        format!("{:.2} M/s", row.spans / row.seconds / 1e6),
        format!("{:.0} ns", row.nanoseconds),
        share(row.exported),
        row.dropped.map_or_else(|| "not told".to_owned(), share),
        if left == 0.0 { "none".to_owned() } else { share(left) },
        format!("{:.0} MiB", row.grown_bytes / f64::from(1 << 20)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_neither_exported_nor_counted_is_unaccounted_for() {
        let row = |dropped| Row {
            who: "somebody",
            spans: 1_000.0,
            seconds: 2.0,
            nanoseconds: 200.0,
            exported: 400.0,
            dropped,
            grown_bytes: f64::from(3 << 20),
            took_too_much: false,
        };
        let table = markdown(Speed::Slow, 2, 2_000, &[row(None), row(Some(600.0)), row(Some(599.0))]);
        let left: Vec<_> =
            table.lines().skip(5).map(|line| line.split('|').nth(7).unwrap_or_default().trim()).collect();
        assert_eq!(left, ["60.0 %", "none", "0.1 %"], "{table}");
    }
}
