//! What a configuration runs: who listens where, and each exporter in a line.

use spangate::{
    config::{Component, Config, Exporter, WhenFull},
    sandbox::Description,
};
use spangate_core::signal::Signal;

use crate::{
    paint::Paint,
    table::{Table, thousands},
};

/// The receivers and the admin endpoint, one line each.
pub(crate) fn listeners(config: &Config) -> String {
    let receivers = &config.receivers;
    let http = receivers.otlp_http.as_ref().map(|receiver| ("OTLP over HTTP", receiver.listen));
    let grpc = receivers.otlp_grpc.as_ref().map(|receiver| ("OTLP over gRPC", receiver.listen));
    let admin = config.admin.map(|admin| ("admin", admin.listen));
    let lines = [http, grpc, admin].into_iter().flatten();
    lines.map(|(what, listen)| format!("  {what:<14}  {listen}\n")).collect()
}

/// A table of the exporters with what they say about themselves. Secrets are taken out.
pub(crate) fn exporters(config: &Config, described: &[(String, Description)], page: usize, paint: Paint) -> String {
    let mut table = Table::new(&["exporter", "component", "version", "signals", "grants", "queue", "when full"]);
    for (name, description) in described {
        let Some(exporter) = config.exporters.get(name) else { continue };
        table.row([
            name.clone(),
            component(exporter),
            description.version.clone(),
            signals(exporter, description),
            grants(exporter),
            thousands(exporter.queue.max_queue_size as u64),
            when_full(exporter).to_owned(),
        ]);
    }
    config.secrets.redact(&table.render(page, paint)).into_owned()
}

/// As the configuration names it; of a path the file alone.
pub(crate) fn component(exporter: &Exporter) -> String {
    match &exporter.component {
        Component::Builtin(name) => format!("builtin:{name}"),
        Component::File(path) => {
            path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().escape_debug().to_string()
        }
    }
}

/// What it takes and is let.
fn signals(exporter: &Exporter, description: &Description) -> String {
    let subscribe = &exporter.subscribe;
    let is_let = |signal: &&Signal| match signal {
        Signal::Spans => subscribe.spans != Some(false),
        Signal::StartedSpans => subscribe.started_spans != Some(false),
        Signal::Events => subscribe.events.as_ref().is_none_or(|names| !names.is_empty()),
    };
    let names: Vec<_> = description.signals.iter().filter(is_let).map(|signal| signal.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Hosts without paths: a path may be a secret.
fn grants(exporter: &Exporter) -> String {
    let allow = exporter.grants.http.iter().flat_map(|grant| &grant.allow);
    let mut grants: Vec<_> = allow
        .map(|url| match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        })
        .collect();
    if exporter.grants.terminal {
        grants.push("terminal".to_owned());
    }
    if grants.is_empty() { "nothing".to_owned() } else { grants.join(", ") }
}

fn when_full(exporter: &Exporter) -> &'static str {
    match exporter.queue.when_full {
        WhenFull::DropNewest => "drop_newest",
        WhenFull::DropOldest => "drop_oldest",
        WhenFull::Refuse => "refuse",
    }
}
