//! The account of an intake. At any quiet point, exact in integers: `recorded = sampled_out + accepted + dropped{reason}`.

/// Why a span or an event was dropped before it came to any exporter. One spelling everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IntakeDropReason {
    /// There was no room: what was recorded before was not collected fast enough.
    QueueFull,
    /// Too many spans were live.
    LiveSpanCap,
    /// It ended after the intake was closed.
    Shutdown,
}

impl IntakeDropReason {
    /// Every reason, in the order of their declaration.
    pub const ALL: [Self; 3] = [Self::QueueFull, Self::LiveSpanCap, Self::Shutdown];

    /// The reason's name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::LiveSpanCap => "live_span_cap",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Where everything recorded of one signal went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntakeLedger {
    /// Spans that ended or were decided against, or events.
    pub recorded: u64,
    /// Spans that were not sampled.
    pub sampled_out: u64,
    /// Taken in: collected, or waiting for it.
    pub accepted: u64,
    pub(super) dropped: [u64; IntakeDropReason::ALL.len()],
}

impl IntakeLedger {
    /// Rows dropped, by reason; reasons without any are left out.
    pub fn dropped(&self) -> impl Iterator<Item = (IntakeDropReason, u64)> + '_ {
        IntakeDropReason::ALL.into_iter().zip(self.dropped).filter(|(_, rows)| *rows > 0)
    }

    /// Rows dropped for any reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Whether the law holds.
    pub fn is_balanced(&self) -> bool {
        self.recorded == self.sampled_out + self.accepted + self.dropped_total()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.recorded += other.recorded;
        self.sampled_out += other.sampled_out;
        self.accepted += other.accepted;
        for (sum, rows) in self.dropped.iter_mut().zip(other.dropped) {
            *sum += rows;
        }
    }
}
