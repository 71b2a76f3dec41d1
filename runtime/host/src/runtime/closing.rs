//! Stops a runtime in order: not ready, ports closed, pipeline drained, exporters let go, admin endpoint last.

use std::{sync::Arc, time::Duration};

use tokio::{sync::OnceCell, task::AbortHandle, time::Instant};

use super::{ports::Ports, view::View};
use crate::pipeline::Report;

/// What requests that have begun may take, at most.
const FINISH_REQUESTS: Duration = Duration::from_secs(2);
/// What answers of the admin endpoint may take.
const FINISH_ANSWERS: Duration = Duration::from_millis(250);

/// Everything that has to be stopped, and how it went.
pub(super) struct Closing {
    pub(super) view: Arc<View>,
    pub(super) ports: Ports,
    pub(super) ticks: Vec<AbortHandle>,
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
        report
    }
}
