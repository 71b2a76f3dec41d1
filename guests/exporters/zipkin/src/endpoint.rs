//! The two ends of a span.

use std::net::IpAddr;

use spangate_sdk::json::{push_string, push_u64};
use spangate_sdk::{ResourceView, SpanKind, SpanView, ValueView};

/// Attributes that name the other end, best first, each with the one that says its port.
const PEERS: [(&str, &str); 9] = [
    ("peer.service", ""),
    ("server.address", ""),
    ("net.peer.name", ""),
    ("network.peer.address", "network.peer.port"),
    ("net.sock.peer.name", ""),
    ("net.sock.peer.addr", "net.sock.peer.port"),
    ("peer.hostname", ""),
    ("peer.address", ""),
    ("db.name", ""),
];

/// `"localEndpoint":{…}`
pub fn push_local(out: &mut String, resource: ResourceView<'_>) {
    out.push_str(r#""localEndpoint":{"serviceName":"#);
    push_string(out, resource.service_name().unwrap_or("unknown_service"));
    out.push('}');
}

/// `,"remoteEndpoint":{…}` of a span that calls somebody who is named.
pub fn push_remote(out: &mut String, span: SpanView<'_>) {
    if !matches!(span.kind(), SpanKind::Client | SpanKind::Producer) {
        return;
    }
    let ranked = span.attributes().iter().filter_map(|(key, value)| {
        let rank = PEERS.iter().position(|(peer, _)| *peer == key)?;
        Some((rank, value.as_str().filter(|name| !name.is_empty())?))
    });
    let Some((rank, name)) = ranked.min_by_key(|(rank, _)| *rank) else { return };
    let port_key = PEERS[rank].1;
    out.push_str(r#","remoteEndpoint":{"#);
    out.push_str(match name.parse() {
        Ok(IpAddr::V4(_)) if !port_key.is_empty() => r#""ipv4":"#,
        Ok(IpAddr::V6(_)) if !port_key.is_empty() => r#""ipv6":"#,
        _ => r#""serviceName":"#,
    });
    push_string(out, name);
    if let Some(ValueView::Int(port @ 1..=65535)) = span.attribute(port_key) {
        out.push_str(r#","port":"#);
        push_u64(out, port as u64);
    }
    out.push('}');
}
