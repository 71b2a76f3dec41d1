//! The pipeline as receivers see it.

use std::time::Duration;

use spangate_core::{
    batch::Metadata,
    consumer::{Consumer, Refusal},
    otlp::Request,
    signal::Signal,
};

use super::{entrance::NoRoom, flow::Pipeline};

/// What a refused sender is asked to wait: enough for a batch to be delivered, short enough not to pile up.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Consumer for Pipeline {
    fn admit(&self, signal: Signal) -> Result<(), Refusal> {
        if self.home().is_elsewhere() {
            return Err(self.refuse(&NoRoom::Elsewhere));
        }
        self.entrance(signal).admit(signal, &self.way_in(signal)).map_err(|reason| self.refuse(&reason))
    }

    fn consume(&self, signal: Signal, request: Request, metadata: Metadata) -> Result<(), Refusal> {
        if self.home().is_elsewhere() {
            return Err(self.refuse(&NoRoom::Elsewhere));
        }
        // The collector is not woken: it looks every `schedule_delay`, and these rows are due no earlier than that.
        self.entrance(signal).receive(request, metadata, &self.way_in(signal)).map_err(|reason| self.refuse(&reason))
    }
}

impl Pipeline {
    fn refuse(&self, reason: &NoRoom) -> Refusal {
        let reason = match reason {
            NoRoom::Full(exporter) => format!("the queue of the required exporter `{exporter}` is full"),
            NoRoom::Elsewhere => self.home().obstacle(),
            NoRoom::Closed => "shutting down".to_owned(),
        };
        Refusal { retry_after: RETRY_AFTER, reason }
    }
}
