//! Shuts a runtime down when a scope ends.

use std::{fmt, ops::Deref, time::Duration};

use super::{closing::FINISH_LOG, handle::Runtime};
use crate::{pipeline::Report, telemetry::Level};

/// What is done with the report.
type OnReport = Box<dyn FnOnce(&Report) + Send + Sync>;

/// Shuts its [`Runtime`] down when it is dropped, see [`Runtime::shutdown_on_drop`]. Until then it stands for it.
///
/// The drop waits for the runtime's deadline at most, and five seconds more if exporters do not let go. It blocks its
/// thread and no other: in async code [`Runtime::shutdown_async`] is kinder, and the guard is what is left for the ways
/// out that were not thought of. If rows are lost, the log says so.
#[must_use = "the runtime is shut down when this is dropped: bind it to a name, `_guard` and not `_`"]
pub struct ShutdownGuard {
    runtime: Runtime,
    deadline: Duration,
    on_report: Option<OnReport>,
}

impl ShutdownGuard {
    pub(super) fn new(runtime: Runtime, deadline: Duration) -> Self {
        Self { runtime, deadline, on_report: None }
    }

    /// Has the report told when the guard is dropped, for example on standard error; not in a forked child. It must not
    /// panic: a panic while another one unwinds ends the process.
    pub fn on_report(mut self, tell: impl FnOnce(&Report) + Send + Sync + 'static) -> Self {
        self.on_report = Some(Box::new(tell));
        self
    }
}

impl Deref for ShutdownGuard {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        &self.runtime
    }
}

impl Drop for ShutdownGuard {
    fn drop(&mut self) {
        let report = self.runtime.shutdown(self.deadline);
        if report.obstacle.is_some() {
            // A child process with a copy of the guard: the end that the parent cares for is not here.
            return;
        }
        if !report.is_complete {
            let lines = report.to_string().replace('\n', ";");
            self.runtime.log().say(Level::Warn, "runtime", format_args!("shut down: {lines}"));
            self.runtime.log().wait(FINISH_LOG);
        }
        if let Some(tell) = self.on_report.take() {
            tell(&report);
        }
    }
}

impl fmt::Debug for ShutdownGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownGuard").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}
