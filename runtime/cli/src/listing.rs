//! What a configuration runs: who listens where, and each exporter in a line.

use std::net::SocketAddr;

use spangate::config::{Component, Config, Exporter, Receiver, WhenFull};
use spangate_core::signal::Signal;

use crate::{
    paint::Paint,
    table::{Table, thousands},
};

/// Somebody who may listen.
#[derive(Debug)]
pub(crate) struct Listener {
    what: &'static str,
    address: Option<SocketAddr>,
    /// What senders need: `TLS, token`.
    protection: String,
}

/// Who listens where, one line each.
pub(crate) fn listeners(listeners: &[Listener]) -> String {
    let mut text = String::new();
    for Listener { what, address, protection } in listeners {
        let Some(address) = address else { continue };
        let line = format!("  {what:<14}  {address}  {protection}");
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// Who listens according to a configuration, at the addresses that `address` gives for `otlp_http`, `otlp_grpc` and
/// `admin`.
pub(crate) fn configured(config: &Config, address: impl Fn(&str) -> Option<SocketAddr>) -> [Listener; 3] {
    let receivers = &config.receivers;
    let receiver = |what, name, receiver: &Option<Receiver>| Listener {
        what,
        address: address(name),
        protection: receiver.as_ref().map(protection).unwrap_or_default(),
    };
    [
        receiver("OTLP over HTTP", "otlp_http", &receivers.otlp_http),
        receiver("OTLP over gRPC", "otlp_grpc", &receivers.otlp_grpc),
        Listener { what: "admin", address: address("admin"), protection: String::new() },
    ]
}

/// The addresses as a configuration has them.
pub(crate) fn address(config: &Config, name: &str) -> Option<SocketAddr> {
    match name {
        "otlp_http" => config.receivers.otlp_http.as_ref().map(|receiver| receiver.listen),
        "otlp_grpc" => config.receivers.otlp_grpc.as_ref().map(|receiver| receiver.listen),
        _ => config.admin.map(|admin| admin.listen),
    }
}

fn protection(receiver: &Receiver) -> String {
    let asks_for_clients = receiver.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
    let parts = [
        (receiver.tls.is_some(), "TLS"),
        (asks_for_clients, "client certificate"),
        (receiver.auth.is_some(), "bearer token"),
        (receiver.insecure && !receiver.listen.ip().is_loopback(), "insecure"),
    ];
    parts.into_iter().filter(|(is_so, _)| *is_so).map(|(_, part)| part).collect::<Vec<_>>().join(", ")
}

/// An exporter to be listed.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// The version it gives itself.
    pub(crate) version: String,
    /// The signals it takes; none leaves the column out.
    pub(crate) signals: Option<Vec<Signal>>,
}

/// A table of exporters. Secrets are taken out.
pub(crate) fn exporters(config: &Config, lines: &[Line], page: usize, paint: Paint) -> String {
    let has_signals = lines.iter().any(|line| line.signals.is_some());
    let with_signals = ["exporter", "component", "version", "signals", "grants", "queue", "when full"];
    let without = ["exporter", "component", "version", "grants", "queue", "when full"];
    let mut table = Table::new(if has_signals { &with_signals } else { &without });
    for line in lines {
        let Some(exporter) = config.exporters.get(&line.name) else { continue };
        let signals = has_signals.then(|| signals(exporter, line.signals.as_deref().unwrap_or_default()));
        let queue = [thousands(exporter.queue.max_queue_size as u64), when_full(exporter).to_owned()];
        let about = [line.name.clone(), component(exporter), line.version.clone()];
        table.row(about.into_iter().chain(signals).chain([grants(exporter)]).chain(queue));
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
fn signals(exporter: &Exporter, taken: &[Signal]) -> String {
    let subscribe = &exporter.subscribe;
    let is_let = |signal: &&Signal| match signal {
        Signal::Spans => subscribe.spans != Some(false),
        Signal::StartedSpans => subscribe.started_spans != Some(false),
        Signal::Events => subscribe.events.as_ref().is_none_or(|names| !names.is_empty()),
    };
    let names: Vec<_> = taken.iter().filter(is_let).map(|signal| signal.as_str()).collect();
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
