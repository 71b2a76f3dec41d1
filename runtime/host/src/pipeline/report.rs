//! What a flush or a shutdown did, for programs and for people.

use std::{collections::BTreeMap, fmt};

use spangate_core::tally::{DropReason, Ledger};

/// What became of everything that was taken in since the start, by exporter.
///
/// Shown, it begins with whether everything was delivered, and has a line for each exporter:
///
/// ```text
/// 3 of 9 rows were not delivered
///   print: 6 of 6 delivered
///   zipkin: 0 of 3 delivered, 3 dropped (shutdown); last: retry_after: connection refused
/// ```
///
/// Rows are spans, started spans and events; each counts once for every exporter that wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they were given; those of the configuration come first, by name.
    pub exporters: Vec<ExporterReport>,
    /// Rows that no exporter ever saw, by reason: `queue_full`, `live_span_cap` or `shutdown`.
    pub dropped_at_intake: BTreeMap<&'static str, u64>,
    /// Whether everything that was taken in before came to its end within the deadline. Rows that a backend rejected,
    /// or that were dropped while the runtime ran, have come to their end: see [`Self::undelivered_rows`].
    pub is_complete: bool,
    /// Why nothing could be done at all: the threads of the runtime are in the process that this one was forked from.
    pub obstacle: Option<String>,
}

/// What became of the rows of one exporter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExporterReport {
    /// The exporter's name.
    pub name: String,
    /// Where its rows are, since the start.
    pub ledger: Ledger,
    /// Why it takes nothing now, if that is so: the backend does not take its credentials, or it is in quarantine.
    pub paused: Option<String>,
    /// What was said when rows were last not delivered: by the backend, or about the exporter. None if all of them
    /// were.
    pub last_problem: Option<String>,
}

impl Report {
    /// Rows given up because the process stops.
    pub fn lost_rows(&self) -> u64 {
        self.exporters.iter().map(ExporterReport::lost_rows).sum()
    }

    /// Rows given up for any reason since the start, those that the process's end cost included. What `[select]` leaves
    /// out is not given up.
    pub fn dropped_rows(&self) -> u64 {
        self.exporters.iter().map(|exporter| exporter.ledger.dropped_total() - exporter.ledger.left_out()).sum()
    }

    /// Rows that still wait or are being tried; after a shutdown those that an exporter does not let go.
    pub fn waiting_rows(&self) -> u64 {
        self.exporters.iter().map(|exporter| exporter.ledger.queued + exporter.ledger.in_flight).sum()
    }

    /// Rows that no backend has, for whatever reason: waiting, rejected, or dropped, at the intake too.
    pub fn undelivered_rows(&self) -> u64 {
        self.exporters.iter().map(ExporterReport::undelivered_rows).sum::<u64>() + self.rows_dropped_at_intake()
    }

    fn rows_dropped_at_intake(&self) -> u64 {
        self.dropped_at_intake.values().sum()
    }
}

impl ExporterReport {
    /// Rows given up because the process stops.
    pub fn lost_rows(&self) -> u64 {
        let lost = self.ledger.dropped().filter(|(reason, _)| *reason == DropReason::Shutdown);
        lost.map(|(_, rows)| rows).sum()
    }

    /// Rows that its backend does not have, for whatever reason, but for those that `[select]` leaves out.
    pub fn undelivered_rows(&self) -> u64 {
        self.wanted_rows().saturating_sub(self.ledger.delivered)
    }

    /// Rows that its backend was to have.
    fn wanted_rows(&self) -> u64 {
        self.ledger.accepted.saturating_sub(self.ledger.left_out())
    }
}

/// A headline, and a line for each exporter.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(obstacle) = &self.obstacle {
            return f.write_str(obstacle);
        }
        let at_intake = self.rows_dropped_at_intake();
        let all = self.exporters.iter().map(ExporterReport::wanted_rows).sum::<u64>() + at_intake;
        match (self.undelivered_rows(), all) {
            (0, 0) => f.write_str("there was nothing to deliver")?,
            (0, 1) => f.write_str("the one row was delivered")?,
            (0, all) => write!(f, "all {} rows were delivered", Thousands(all))?,
            (missing, all) => write!(f, "{} of {} rows were not delivered", Thousands(missing), Thousands(all))?,
        }
        for (reason, rows) in &self.dropped_at_intake {
            write!(f, "\n  before any exporter: {} dropped ({reason})", Thousands(*rows))?;
        }
        for exporter in &self.exporters {
            write!(f, "\n  {exporter}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ExporterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = &self.ledger;
        let (delivered, wanted) = (Thousands(ledger.delivered), Thousands(self.wanted_rows()));
        write!(f, "{}: {delivered} of {wanted} delivered", self.name)?;
        let waiting = ledger.queued + ledger.in_flight;
        for (name, rows) in
            [("rejected", ledger.rejected), ("dead-lettered", ledger.dead_lettered), ("still waiting", waiting)]
        {
            if rows > 0 {
                write!(f, ", {} {name}", Thousands(rows))?;
            }
        }
        for (reason, rows) in ledger.dropped() {
            write!(f, ", {} dropped ({})", Thousands(rows), reason.as_str())?;
        }
        match (&self.paused, &self.last_problem) {
            (Some(reason), _) => write!(f, "; paused: {reason}"),
            (None, Some(problem)) => write!(f, "; last: {problem}"),
            (None, None) => Ok(()),
        }
    }
}

/// `1234567` as `1,234,567`.
struct Thousands(u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            let separator = if at > 0 && (digits.len() - at).is_multiple_of(3) { "," } else { "" };
            write!(f, "{separator}{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use spangate_core::tally::{Settled, Tally};

    use super::*;

    fn exporter(name: &str, rows: u32, settled: Settled) -> ExporterReport {
        let tally = Tally::default();
        tally.accept(rows);
        tally.start(rows);
        tally.finish(settled);
        ExporterReport { name: name.to_owned(), ledger: tally.read(), paused: None, last_problem: None }
    }

    #[test]
    fn a_report_without_loss_says_so_first() {
        let exporters = vec![exporter("print", 1200, Settled { delivered: 1200, ..Settled::default() })];
        let report = Report { exporters, is_complete: true, ..Report::default() };
        assert_eq!(report.to_string(), "all 1,200 rows were delivered\n  print: 1,200 of 1,200 delivered");
        assert_eq!(Report::default().to_string(), "there was nothing to deliver");
    }

    #[test]
    fn every_row_that_is_missing_is_told_with_its_reason() {
        let good = exporter("good", 6, Settled { delivered: 6, ..Settled::default() });
        let settled = Settled {
            delivered: 1,
            rejected: 2,
            requeued: 3,
            dropped: Some((1_000_004, DropReason::Shutdown)),
            ..Settled::default()
        };
        let last_problem = Some("retry_after: connection refused".to_owned());
        let bad = ExporterReport { last_problem, ..exporter("bad", 1_000_010, settled) };
        let dropped_at_intake = [("queue_full", 7)].into();
        let report = Report { exporters: vec![good, bad], dropped_at_intake, ..Report::default() };
        assert_eq!(report.undelivered_rows(), 7 + 2 + 3 + 1_000_004);
        assert_eq!(
            report.to_string(),
            "1,000,016 of 1,000,023 rows were not delivered\n  before any exporter: 7 dropped (queue_full)\n  \
             good: 6 of 6 delivered\n  bad: 1 of 1,000,010 delivered, 2 rejected, 3 still waiting, \
             1,000,004 dropped (shutdown); last: retry_after: connection refused"
        );
    }
}
