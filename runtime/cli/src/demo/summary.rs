//! What the demo ends with: who delivered what, what each cost, who was stopped and why, and that nothing is missing.

use std::{fmt::Write, time::Duration};

use spangate::status::{ExporterStatus, Status};

use crate::{
    fault_text,
    paint::Paint,
    table::{PAGE, Table, shorten, size, thousands},
};

/// Whether every recorded span is accounted for with every exporter, added up here and not taken on trust.
pub(super) fn is_accounted(status: &Status, recorded: u64) -> bool {
    status.intake.recorded == recorded
        && status.exporters.iter().all(|exporter| exporter.ledger.accepted == recorded && places(exporter) == recorded)
}

fn places(exporter: &ExporterStatus) -> u64 {
    let ledger = &exporter.ledger;
    let settled = ledger.delivered + ledger.rejected + ledger.dropped.values().sum::<u64>() + ledger.dead_lettered;
    settled + ledger.queued + ledger.in_flight
}

/// The summary, in lines.
pub(super) fn render(status: &Status, recorded: u64, took: Duration, paint: Paint) -> String {
    let mut text = format!("{}\n\n", paint.bold("What became of it"));
    text += &table(status).render(PAGE, paint);
    text.push('\n');
    for exporter in &status.exporters {
        text += &stopped(exporter, paint);
    }
    let per_span = took / u32::try_from(recorded.max(1)).unwrap_or(u32::MAX);
    // Writing to a String cannot fail.
    let _ =
        writeln!(text, "\nThe shop recorded {recorded} spans in {took:.1?}, {per_span:.1?} each, and never waited.");
    text += &match is_accounted(status, recorded) {
        true => {
            paint.green("No span is unaccounted for: accepted = delivered + rejected + dropped, for each exporter.\n")
        }
        false => paint.red("Spans are unaccounted for: this is a defect of spangate, please report it.\n"),
    };
    text
}

fn table(status: &Status) -> Table {
    let mut table = Table::new(&["exporter", "state", "delivered", "dropped", "fuel/span", "CPU ms", "memory"]);
    for exporter in &status.exporters {
        let cost = exporter.cost.clone().unwrap_or_default();
        let dropped = exporter.ledger.dropped.values().sum::<u64>();
        table.row([
            exporter.name.clone(),
            exporter.state.to_string(),
            format!("{} of {}", exporter.ledger.delivered, exporter.ledger.accepted),
            thousands(dropped),
            thousands(cost.fuel_per_row as u64),
            format!("{:.1}", cost.cpu_seconds * 1e3),
            size(cost.memory_peak_bytes),
        ]);
    }
    table
}

/// Why an exporter was stopped, if it was: each kind of fault, how often, and the last one's words.
fn stopped(exporter: &ExporterStatus, paint: Paint) -> String {
    let Some(fault) = &exporter.last_fault else { return String::new() };
    let times = exporter.faults.values().sum::<u64>();
    let mut text =
        format!("  {} was stopped {times} times: {}\n", paint.bold(&exporter.name), paint.yellow(fault.kind));
    for part in fault_text::parts(&fault.detail) {
        let _ = writeln!(text, "    {}", shorten(part, PAGE - 4));
    }
    text
}
