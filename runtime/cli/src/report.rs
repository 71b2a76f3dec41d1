//! What became of every span and event, printed when the runtime has stopped.

use spangate::status::{ExporterStatus, Status};

use crate::{
    exit::Exit,
    paint::Paint,
    table::{Table, thousands},
};

/// Rows of one exporter that no backend has.
fn lost(exporter: &ExporterStatus) -> u64 {
    let ledger = &exporter.ledger;
    ledger.rejected + ledger.dropped.values().sum::<u64>() + ledger.queued + ledger.in_flight
}

/// How to exit after a stop: whether everything that came in was delivered.
pub(crate) fn exit(status: &Status) -> Exit {
    let is_complete =
        status.exporters.iter().all(|exporter| lost(exporter) == 0) && status.intake.dropped.values().sum::<u64>() == 0;
    if is_complete { Exit::Success } else { Exit::Lost }
}

/// The report, in lines.
pub(crate) fn render(status: &Status, page: usize, paint: Paint) -> String {
    let mut text = intake(status);
    let mut table = Table::new(&["exporter", "accepted", "delivered", "rejected", "dropped", "undelivered"]);
    for exporter in &status.exporters {
        let ledger = &exporter.ledger;
        let dropped = ledger.dropped.values().sum::<u64>();
        let undelivered = ledger.queued + ledger.in_flight;
        let counts = [ledger.accepted, ledger.delivered, ledger.rejected, dropped, undelivered].map(thousands);
        table.row([exporter.name.clone()].into_iter().chain(counts));
    }
    text += &table.render(page, paint);
    for exporter in status.exporters.iter().filter(|exporter| lost(exporter) > 0) {
        text += &paint.yellow(&format!("  {} lost {}", exporter.name, thousands(lost(exporter))));
        text += &format!(": {}\n", reasons(exporter));
    }
    for exporter in &status.exporters {
        let Some(reason) = &exporter.paused else { continue };
        text += &paint.yellow(&format!("  {} was paused: {reason}\n", exporter.name));
    }
    if exit(status) == Exit::Success {
        text += &paint.green("  nothing was lost\n");
    }
    for exporter in status.exporters.iter().filter(|exporter| !exporter.ledger.is_balanced) {
        let name = &exporter.name;
        text += &paint
            .red(&format!("  the ledger of {name} does not add up: this is a defect of spangate, please report it\n"));
    }
    text
}

fn intake(status: &Status) -> String {
    let intake = &status.intake;
    let mut parts = vec![format!("received {}", thousands(intake.received))];
    if intake.recorded > 0 {
        parts.push(format!("recorded {}", thousands(intake.recorded)));
    }
    if intake.sampled_out > 0 {
        parts.push(format!("sampled out {}", thousands(intake.sampled_out)));
    }
    let dropped = intake.dropped.iter().filter(|(_, rows)| **rows > 0);
    parts.extend(dropped.map(|(reason, rows)| format!("dropped before any exporter {} ({reason})", thousands(*rows))));
    format!("  {}\n", parts.join(", "))
}

fn reasons(exporter: &ExporterStatus) -> String {
    let ledger = &exporter.ledger;
    let dropped = ledger.dropped.iter().map(|(reason, rows)| (*reason, *rows));
    let others = [("rejected", ledger.rejected), ("undelivered", ledger.queued + ledger.in_flight)];
    let parts = dropped.chain(others).filter(|(_, rows)| *rows > 0);
    parts.map(|(reason, rows)| format!("{reason} {}", thousands(rows))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use spangate::status::{IntakeStatus, LedgerStatus};

    use super::*;
    use crate::table::PAGE;

    fn exporter(name: &str, ledger: LedgerStatus) -> ExporterStatus {
        ExporterStatus {
            name: name.into(),
            ledger: LedgerStatus { is_balanced: true, ..ledger },
            ..ExporterStatus::default()
        }
    }

    #[test]
    fn every_loss_is_told_with_its_reason() {
        let good = exporter("zipkin", LedgerStatus { accepted: 1500, delivered: 1500, ..LedgerStatus::default() });
        let dropped = [("out_of_fuel", 1200), ("shutdown", 200)].into();
        let bad = LedgerStatus {
            accepted: 1500,
            delivered: 50,
            rejected: 40,
            dropped,
            queued: 10,
            ..LedgerStatus::default()
        };
        let intake = IntakeStatus { received: 1600, sampled_out: 100, accepted: 1500, ..IntakeStatus::default() };
        let status = Status { intake, exporters: vec![good, exporter("bad", bad)], ..Status::default() };
        let expected = "  received 1,600, sampled out 100
  exporter  accepted  delivered  rejected  dropped  undelivered
  zipkin       1,500      1,500         0        0            0
  bad          1,500         50        40    1,400           10
  bad lost 1,450: out_of_fuel 1,200, shutdown 200, rejected 40, undelivered 10
";
        assert_eq!(render(&status, PAGE, Paint::off()), expected);
        assert_eq!(exit(&status), Exit::Lost);
    }

    #[test]
    fn an_exporter_that_was_paused_says_why() {
        let ledger = LedgerStatus { accepted: 6, dropped: [("shutdown", 6)].into(), ..LedgerStatus::default() };
        let paused = Some("https://backend answered 401 Unauthorized".to_owned());
        let exporters = vec![ExporterStatus { paused, ..exporter("zipkin", ledger) }];
        let text = render(&Status { exporters, ..Status::default() }, PAGE, Paint::off());
        let end = "  zipkin lost 6: shutdown 6\n  zipkin was paused: https://backend answered 401 Unauthorized\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn a_stop_without_loss_says_so() {
        let ledger = LedgerStatus { accepted: 2, delivered: 2, ..LedgerStatus::default() };
        let status = Status { exporters: vec![exporter("zipkin", ledger)], ..Status::default() };
        assert!(render(&status, PAGE, Paint::off()).ends_with("  nothing was lost\n"));
        assert_eq!(exit(&status), Exit::Success);
    }

    #[test]
    fn what_no_exporter_ever_saw_is_a_loss_too() {
        let intake = IntakeStatus { received: 5, dropped: [("queue_full", 5)].into(), ..IntakeStatus::default() };
        let status = Status { intake, ..Status::default() };
        assert!(render(&status, PAGE, Paint::off()).contains("dropped before any exporter 5 (queue_full)"));
        assert_eq!(exit(&status), Exit::Lost);
    }

    #[test]
    fn a_ledger_that_does_not_add_up_is_called_a_defect() {
        let exporters = vec![ExporterStatus { name: "x".into(), ..ExporterStatus::default() }];
        let status = Status { exporters, ..Status::default() };
        assert!(render(&status, PAGE, Paint::off()).contains("the ledger of x does not add up"));
    }
}
