//! Makes lanes of exporters, sandboxed and native ones.

use std::{sync::Arc, time::Duration};

use spangate_core::exporter::Exporter;

use super::{components, layers::NativeDefaults, native::NativeExporter};
use crate::{
    config,
    pipeline::{Lane, LaneSettings, Subscription, queue_limits, retry_policy},
    sandbox::SandboxExporter,
    telemetry::Log,
};

/// The longest safety net behind a sandbox's own deadline.
const LONGEST_NET: Duration = Duration::from_secs(24 * 3600);

/// One exporter with its lane.
pub(super) struct Outlet {
    /// As `/status` shows it: where the component comes from, or `native`.
    pub(super) component: String,
    /// Absent for native exporters.
    pub(super) sandboxed: Option<Arc<SandboxExporter>>,
    pub(super) lane: Arc<Lane>,
    pub(super) exporter: Arc<dyn Exporter>,
    pub(super) tick_interval: Option<Duration>,
}

impl Outlet {
    /// A sandboxed exporter.
    ///
    /// # Errors
    /// One line for every key of `[subscribe]` that asks for more than the exporter wants.
    pub(super) fn sandboxed(
        name: &str,
        exporter: Arc<SandboxExporter>,
        config: &config::Exporter,
        batch: &config::BatchLimits,
        log: Log,
    ) -> Result<Self, Vec<String>> {
        let description = exporter.description();
        let wanted = Subscription::of_description(&description.signals, &description.event_names);
        let settings = LaneSettings {
            name: name.to_owned(),
            subscription: wanted.narrow(&config.subscribe)?,
            required: config.required,
            concurrency: config.concurrency,
            deadline: safety_net(&config.limits),
            queue: queue_limits(&config.queue, batch, description.max_batch_size, description.max_batch_bytes),
            retry: retry_policy(&config.retry),
            pause: config.retry.pause,
            sender_headers: sender_headers(&config.grants),
        };
        let tick_interval = description.tick_interval;
        let seam: Arc<dyn Exporter> = exporter.clone();
        Ok(Self {
            component: components::show(&config.component),
            sandboxed: Some(exporter),
            lane: Arc::new(Lane::new(settings, seam.clone(), log)),
            exporter: seam,
            tick_interval,
        })
    }

    /// A native exporter.
    pub(super) fn native(
        name: &str,
        native: NativeExporter,
        batch: &config::BatchLimits,
        defaults: &NativeDefaults,
        log: Log,
    ) -> Self {
        let queue = native.queue_or(defaults);
        let settings = LaneSettings {
            name: name.to_owned(),
            subscription: native.subscription,
            required: native.required,
            concurrency: native.concurrency,
            deadline: native.deadline.unwrap_or(defaults.deadline),
            queue: queue_limits(&queue, batch, None, None),
            retry: retry_policy(&native.retry),
            pause: native.retry.pause,
            sender_headers: Vec::new(),
        };
        Self {
            component: "native".to_owned(),
            sandboxed: None,
            lane: Arc::new(Lane::new(settings, native.exporter.clone(), log)),
            exporter: native.exporter,
            tick_interval: native.tick_interval,
        }
    }
}

/// Keys of the metadata that the backend sees.
fn sender_headers(grants: &config::Grants) -> Vec<String> {
    let mut keys: Vec<_> = grants.http.iter().flat_map(|http| http.metadata_headers.values().cloned()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// A sandboxed call ends at its own deadline, whose clock stands still while the call waits for its share of a core.
/// This ends one that does not: all of the deadline spent computing at that share, twice over, and a minute.
fn safety_net(limits: &config::Limits) -> Duration {
    let share = limits.cpu_share.clamp(0.001, 1.0);
    let seconds = limits.deadline.as_secs_f64() / share * 2.0 + 60.0;
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_NET).min(LONGEST_NET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_safety_net_leaves_a_throttled_exporter_the_time_its_share_takes() {
        let limits = config::Limits { deadline: Duration::from_secs(10), cpu_share: 0.25, ..config::Limits::default() };
        assert_eq!(safety_net(&limits), Duration::from_secs(140));
        let limits = config::Limits { deadline: Duration::MAX, cpu_share: f64::NAN, ..limits };
        assert_eq!(safety_net(&limits), LONGEST_NET);
    }
}
