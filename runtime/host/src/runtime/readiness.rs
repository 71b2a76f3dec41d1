//! Whether telemetry can be taken and delivered, and if not, why.

use super::{outlet::Outlet, view::View};
use crate::sandbox::Health;

/// Every reason why not, one line each.
pub(super) fn reasons(view: &View) -> Vec<String> {
    let mut reasons = Vec::new();
    if view.is_stopping() {
        reasons.push("the runtime is stopping".to_owned());
    }
    match view.ports.get() {
        None => reasons.push("the receivers are being started".to_owned()),
        Some(ports) => reasons.extend(ports.unbound().map(|name| format!("the receiver {name} does not listen"))),
    }
    let required = view.outlets.iter().filter(|outlet| outlet.lane.settings().required);
    reasons.extend(required.filter_map(|outlet| reason_of(view, outlet)));
    reasons
}

fn reason_of(view: &View, outlet: &Outlet) -> Option<String> {
    let name = &outlet.lane.settings().name;
    let health = outlet.sandboxed.as_ref().map(|exporter| exporter.state().health);
    match (health, outlet.lane.pause(view.clock.monotonic())) {
        (Some(health @ (Health::Quarantined { .. } | Health::Probing)), _) => {
            Some(format!("the required exporter {name} is {}", health.as_str()))
        }
        (_, Some(pause)) => Some(format!("the required exporter {name} is paused: {}", pause.reason)),
        (_, None) => None,
    }
}
