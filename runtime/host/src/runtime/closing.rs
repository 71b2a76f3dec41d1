//! Stops a runtime in order: not ready, ports closed, pipeline drained, exporters let go, admin endpoint last.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::OnceCell,
    task::{AbortHandle, JoinSet},
    time::Instant,
};

use super::{receivers::RunningReceiver, view::View};
use crate::{admin::BoundAdmin, pipeline::Report};

/// What requests that have begun may take, at most.
const FINISH_REQUESTS: Duration = Duration::from_secs(2);
/// What answers of the admin endpoint may take.
const FINISH_ANSWERS: Duration = Duration::from_millis(250);

/// Everything that has to be stopped, and how it went.
pub(super) struct Closing {
    pub(super) view: Arc<View>,
    pub(super) receivers: Mutex<Vec<RunningReceiver>>,
    pub(super) admin: Mutex<Option<BoundAdmin>>,
    pub(super) admin_addr: Option<SocketAddr>,
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
        let receivers = std::mem::take(&mut *self.receivers.lock().unwrap_or_else(PoisonError::into_inner));
        let mut stopping = JoinSet::new();
        for receiver in receivers {
            stopping.spawn(receiver.stop(FINISH_REQUESTS.min(deadline / 4)));
        }
        while stopping.join_next().await.is_some() {}
        for tick in &self.ticks {
            tick.abort();
        }
        let report = self.view.pipeline.shutdown(deadline.saturating_sub(begun.elapsed())).await;
        let admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(admin) = admin {
            admin.stop(FINISH_ANSWERS).await;
        }
        report
    }
}
