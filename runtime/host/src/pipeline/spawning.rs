//! The tasks that move rows through a pipeline.

use std::sync::{Arc, PoisonError};

use tokio::runtime::Handle;

use super::{collector::keep_collecting, delivery::deliver, flow::Pipeline};

impl Pipeline {
    /// Sets it in motion on tokio runtimes: one to deliver, and one to collect, which threads that record wake.
    pub(crate) fn spawn(self: &Arc<Self>, runtime: &Handle, collector: &Handle) {
        let mut tasks = vec![collector.spawn(keep_collecting(self.clone(), self.cut_off.subscribe()))];
        for lane in &self.lanes {
            for _ in 0..lane.settings().concurrency.max(1) {
                tasks.push(runtime.spawn(deliver(lane.clone(), self.clock().clone(), self.cut_off.subscribe())));
            }
        }
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(tasks);
    }
}
