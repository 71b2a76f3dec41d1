//! Stops a runtime in order: not ready, ports closed, pipeline drained, exporters let go, admin endpoint last.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::OnceCell,
    task::{AbortHandle, spawn_blocking},
    time::{Instant, timeout},
};

use super::{ports::Ports, view::View};
use crate::{pipeline::Report, telemetry::Log};

/// What requests that have begun may take, at most.
const FINISH_REQUESTS: Duration = Duration::from_secs(2);
/// What answers of the admin endpoint may take.
const FINISH_ANSWERS: Duration = Duration::from_millis(250);
/// What the log's sink may take for the last lines.
pub(super) const FINISH_LOG: Duration = Duration::from_secs(1);

/// Everything that has to be stopped, and how it went.
pub(super) struct Closing {
    pub(super) view: Arc<View>,
    pub(super) ports: Ports,
    pub(super) ticks: Vec<AbortHandle>,
    pub(super) log: Log,
    pub(super) report: OnceCell<Report>,
}

impl Closing {
    /// Stops, once. Whoever asks again, or meanwhile, gets the same report.
    pub(super) async fn close(&self, deadline: Duration) -> Report {
        self.report.get_or_init(|| self.close_now(deadline)).await.clone()
    }

    async fn close_now(&self, deadline: Duration) -> Report {
        let begun = Instant::now();
        self.view.begin_stopping();
        self.ports.close_receivers(FINISH_REQUESTS.min(deadline / 4)).await;
        for tick in &self.ticks {
            tick.abort();
        }
        let report = self.view.pipeline.shutdown(deadline.saturating_sub(begun.elapsed())).await;
        let report = self.view.clean(report);
        self.ports.close_admin(FINISH_ANSWERS).await;
        self.finish_log().await;
        report
    }

    /// The last lines are in the log when who shuts down goes on.
    async fn finish_log(&self) {
        let log = self.log.clone();
        #[expect(clippy::disallowed_methods, reason = "once in the life of a runtime, and with a limit")]
        let written = spawn_blocking(move || log.wait(FINISH_LOG));
        // The same limit for its turn: disks that hang may have taken all threads that can block.
        let _ = timeout(FINISH_LOG, written).await;
    }
}
