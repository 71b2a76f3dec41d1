//! `[receivers]`

use std::time::Duration;

use super::{
    super::{
        model::{OtherSignals, Receiver, Receivers},
        reader::{Node, Table},
        shapes::{address, boolean, bytes, duration, integer, list, one_word},
        source::Complaint,
        units::show_bytes,
    },
    auth, cors,
    header_name::header_name,
    tls,
};

const OTHER_SIGNALS: [(&str, OtherSignals); 2] = [("drop", OtherSignals::Drop), ("refuse", OtherSignals::Refuse)];

/// Reads both receivers. A table without any key is a receiver with defaults.
pub(super) fn receivers(table: &mut Table<'_>) -> Receivers {
    Receivers {
        otlp_http: table.optional_section("otlp_http", |table| Receiver {
            cors: table.optional_section("cors", cors::cors),
            ..receiver(table, Receiver::otlp_http())
        }),
        otlp_grpc: table.optional_section("otlp_grpc", |table| receiver(table, Receiver::otlp_grpc())),
    }
}

fn receiver(table: &mut Table<'_>, default: Receiver) -> Receiver {
    let request = 1 << 10..=1 << 30;
    let timeout = Duration::from_millis(100)..=Duration::from_secs(600);
    let max_request_bytes = table.or("max_request_bytes", default.max_request_bytes, bytes(request.clone()));
    let receiver = Receiver {
        listen: table.or("listen", default.listen, address),
        insecure: table.or("insecure", default.insecure, boolean),
        max_request_bytes,
        max_rows_per_request: table.or("max_spans_per_request", default.max_rows_per_request, integer(1..=16_777_216)),
        max_decoded_bytes: table.or("max_decoded_bytes", default.max_decoded_bytes, bytes(request)),
        max_concurrent_requests: table.or(
            "max_concurrent_requests",
            default.max_concurrent_requests,
            integer(1..=65_536),
        ),
        max_inflight_bytes: table.or(
            "max_inflight_bytes",
            Receiver::default_inflight_bytes(max_request_bytes),
            inflight(max_request_bytes),
        ),
        max_connections: table.or("max_connections", default.max_connections, integer(1..=1_000_000)),
        read_timeout: table.or("read_timeout", default.read_timeout, duration(timeout)),
        metadata: table.or("metadata", default.metadata, list("header names", 64, header_name)),
        other_signals: table.or("other_signals", default.other_signals, one_word(&OTHER_SIGNALS)),
        tls: table.optional_section("tls", tls::tls).flatten(),
        cors: None,
        auth: table.optional_section("auth", auth::auth),
    };
    // A table that is there but wrong was meant: what is missing in it was told.
    let has_tls = receiver.tls.is_some() || table.node("tls").is_none();
    if let (Some(lacking), Some(node), true) = (receiver.lacking_protection(), table.node("listen"), has_tls) {
        let complaint = Complaint::new(format!("this address is reachable by others: {lacking}"));
        let help = format!(
            "give it `tls` and `auth` (or `tls.client_ca_file`), listen on 127.0.0.1:{}, or accept it with `insecure = true`",
            receiver.listen.port()
        );
        node.refuse(complaint.allowed("a loopback address, or TLS with tokens or client certificates").help(help));
    }
    receiver
}

/// At least what one request needs: otherwise there would be some that are refused for ever.
fn inflight(max_request_bytes: usize) -> impl Fn(&Node<'_>) -> Option<usize> {
    let least = Receiver::largest_request_bytes(max_request_bytes);
    move |node| {
        let given = bytes(1..=1 << 40)(node)?;
        if given < least {
            let complaint = Complaint::new(format!("{} is less than one request can take", node.found()));
            let allowed = format!("at least {}, three times max_request_bytes", show_bytes(least as u64));
            node.refuse(complaint.allowed(allowed).help("make max_request_bytes smaller, or this larger"));
        }
        Some(given)
    }
}
