//! Calls exporters that must send when no batch comes.

use std::{sync::Arc, time::Duration};

use spangate_core::exporter::{ExportError, Exporter};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::telemetry::SparingLog;

/// However short an exporter wants it.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
/// A safety net: sandboxed exporters have a deadline of their own.
const LONGEST_TICK: Duration = Duration::from_secs(300);

/// Ticks until it is aborted. One tick at a time; those that are missed are left out.
pub(super) async fn tick(log: Arc<SparingLog>, exporter: Arc<dyn Exporter>, every: Duration) {
    let mut interval = interval(every.max(SHORTEST_INTERVAL));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, before there is anything to send.
    interval.tick().await;
    let mut is_failing = false;
    loop {
        interval.tick().await;
        let problem = match timeout(LONGEST_TICK, exporter.tick()).await {
            Ok(Ok(()) | Err(ExportError::Unavailable { .. })) => None,
            Ok(Err(ExportError::Fault(fault))) => Some(fault.to_string()),
            Ok(Err(ExportError::Unauthorized { reason, .. })) => Some(reason),
            Err(_) => Some(format!("no answer within {LONGEST_TICK:?}")),
        };
        // Said once, until a tick works again.
        if let Some(problem) = problem.as_ref().filter(|_| !is_failing) {
            log.complain(format_args!("tick: {problem}"));
        }
        is_failing = problem.is_some();
    }
}
