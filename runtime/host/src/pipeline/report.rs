//! What a flush or a shutdown did.

use std::fmt;

use spangate_core::tally::{DropReason, Ledger};

/// What became of everything that was taken in, by exporter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By name.
    pub exporters: Vec<ExporterReport>,
    /// Whether everything that was taken in before came to its end within the deadline.
    pub is_complete: bool,
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
}

impl Report {
    /// Rows given up because the process stops.
    pub fn lost_rows(&self) -> u64 {
        self.exporters.iter().map(ExporterReport::lost_rows).sum()
    }

    /// Rows given up for any reason since the start, those that the process's end cost included.
    pub fn dropped_rows(&self) -> u64 {
        self.exporters.iter().map(|exporter| exporter.ledger.dropped_total()).sum()
    }

    /// Rows that still wait or are being tried; none after a shutdown.
    pub fn waiting_rows(&self) -> u64 {
        self.exporters.iter().map(|exporter| exporter.ledger.queued + exporter.ledger.in_flight).sum()
    }
}

impl ExporterReport {
    /// Rows given up because the process stops.
    pub fn lost_rows(&self) -> u64 {
        let lost = self.ledger.dropped().filter(|(reason, _)| *reason == DropReason::Shutdown);
        lost.map(|(_, rows)| rows).sum()
    }
}

/// One line per exporter.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, exporter) in self.exporters.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{exporter}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ExporterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = &self.ledger;
        write!(f, "{}: accepted {}, delivered {}", self.name, ledger.accepted, ledger.delivered)?;
        for (name, rows) in [("rejected", ledger.rejected), ("dead_lettered", ledger.dead_lettered)] {
            if rows > 0 {
                write!(f, ", {name} {rows}")?;
            }
        }
        for (reason, rows) in ledger.dropped() {
            write!(f, ", dropped {rows} ({})", reason.as_str())?;
        }
        match ledger.queued + ledger.in_flight {
            0 => {}
            waiting => write!(f, ", waiting {waiting}")?,
        }
        self.paused.as_ref().map_or(Ok(()), |reason| write!(f, "; paused: {reason}"))
    }
}
