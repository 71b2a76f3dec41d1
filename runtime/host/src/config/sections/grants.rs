//! `[exporters.NAME.grants]`: what an exporter may reach and read.

use std::{borrow::Cow, collections::BTreeSet, net::IpAddr, time::Duration};

use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use spangate_core::columns::{Column, ColumnSet};
use url::{Host, Url};

use super::{
    super::{
        model::{AttributeGrant, ClientCert, Grants, HttpGrant, HttpProxy},
        reader::{Node, Table},
        secrets::Secret,
        shapes::{boolean, bytes, duration, existing_file, integer, list, one_word, string},
        source::Complaint,
    },
    auth::RELOAD_INTERVALS,
    headers, select,
};

/// Reads what is granted. Nothing can be reached by default, and everything be read.
/// `metadata` is what receivers copy of requests.
pub(super) fn grants(table: &mut Table<'_>, metadata: &BTreeSet<String>) -> Grants {
    let names = Column::ALL.map(|column| (column.as_str(), column));
    let columns = table.optional("columns", list("columns", 256, one_word(&names)));
    Grants {
        columns: columns.map_or(ColumnSet::ALL, |columns| columns.into_iter().collect()),
        attributes: table.section("attributes", attributes),
        http: table.optional_section("http", |table| http(table, metadata)),
        terminal: table.or("terminal", false, boolean),
    }
}

fn attributes(table: &mut Table<'_>) -> AttributeGrant {
    AttributeGrant {
        allow: table.optional("allow", select::keys),
        deny: table.optional("deny", select::keys).unwrap_or_default(),
    }
}

fn http(table: &mut Table<'_>, metadata: &BTreeSet<String>) -> HttpGrant {
    let default = HttpGrant::default();
    let body = 1..=1 << 30;
    let timeout = Duration::from_millis(1)..=Duration::from_secs(600);
    let headers = table.section("headers", headers::headers);
    let metadata_headers =
        table.section("metadata_headers", |table| headers::metadata_headers(table, &headers, metadata));
    let grant = HttpGrant {
        allow: table.required("allow", ALLOW_HELP, list("addresses", 256, allowed_address)).unwrap_or_default(),
        allow_cidrs: table.or("allow_cidrs", default.allow_cidrs, list("networks", 256, network)),
        insecure: table.or("insecure", default.insecure, boolean),
        headers,
        metadata_headers,
        timeout: table.or("timeout", default.timeout, duration(timeout)),
        max_in_flight: table.or("max_in_flight", default.max_in_flight, integer(1..=1024)),
        max_requests_per_batch: table.or(
            "max_requests_per_batch",
            default.max_requests_per_batch,
            integer(1..=1_000_000),
        ),
        max_requests_per_second: table.or(
            "max_requests_per_second",
            default.max_requests_per_second,
            integer(1..=1_000_000),
        ),
        max_bytes_per_second: table.or("max_bytes_per_second", default.max_bytes_per_second, bytes(1 << 10..=64 << 30)),
        max_request_bytes: table.or("max_request_bytes", default.max_request_bytes, bytes(body.clone())),
        max_response_bytes: table.or("max_response_bytes", default.max_response_bytes, bytes(body)),
        ca_file: table.optional("ca_file", existing_file),
        client_cert: client_cert(table),
        bearer_token_file: table.optional("bearer_token_file", existing_file),
        reload_interval: table.or("reload_interval", default.reload_interval, duration(RELOAD_INTERVALS)),
        proxy: table.optional("proxy", proxy),
    };
    let has_authorization =
        grant.headers.contains_key("authorization") || grant.metadata_headers.contains_key("authorization");
    if has_authorization && let Some(node) = table.node("bearer_token_file") {
        let complaint = Complaint::new("the header `authorization` is set by another key of this table too");
        node.refuse(complaint.help("keep one of them"));
    }
    let Some(allow) = table.node("allow") else { return grant };
    let elements = if grant.insecure { None } else { allow.elements("addresses") };
    for node in elements.into_iter().flatten() {
        refuse_plain_text_to_strangers(&node);
    }
    if matches!(allow.value, toml::de::DeValue::Array(values) if values.is_empty()) {
        let complaint = Complaint::new("the list is empty: nothing could be reached");
        allow.refuse(complaint.help("name an address, or take the whole table out"));
    }
    grant
}

const ALLOW_HELP: &str = "name every address that may be reached: `allow = [\"https://collector.example:4318\"]`";

fn allowed_address(node: &Node<'_>) -> Option<Url> {
    let text = string(node)?;
    let refusal = |complaint: Complaint| {
        node.refuse(
            complaint.allowed("scheme, host and port, as in \"https://collector.example:4318\"; a path is a prefix"),
        );
        None
    };
    if text.contains('*') {
        return refusal(
            Complaint::new(format!("{} has a `*`: addresses are exact", node.found())).help("list each address"),
        );
    }
    let is_schemeless = !text.contains("://");
    let url = match Url::parse(&text) {
        Ok(url) if !is_schemeless => url,
        _ if is_schemeless && !node.has_variable() && Url::parse(&format!("https://{text}")).is_ok() => {
            let complaint = Complaint::new(format!("{} has no scheme", node.found()));
            return refusal(complaint.help(format!("did you mean \"https://{}\"?", text.escape_debug())));
        }
        _ => return refusal(Complaint::new(format!("{} is not an address", node.found()))),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refusal(Complaint::new(format!("{} is neither http nor https", node.found())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let complaint = Complaint::new("an address must not carry a user name or password");
        return refusal(complaint.help("put credentials into `headers`: `authorization = \"${env:NAME}\"`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refusal(Complaint::new(format!("{} has a query or fragment", node.found())));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return refusal(Complaint::new(format!("{} has no host", node.found())));
    }
    Some(url)
}

fn refuse_plain_text_to_strangers(node: &Node<'_>) {
    // silent on errors: the list was read before, and they were told then
    let toml::de::DeValue::String(raw) = node.value else { return };
    let Ok(text) = super::super::variables::substitute(raw, node.reader.surroundings.variable) else { return };
    let Ok(url) = Url::parse(&text.text) else { return };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || IpAddr::from(ip).to_canonical().is_loopback(),
        None => true,
    };
    if url.scheme() == "http" && !is_loopback {
        let complaint = Complaint::new(format!("{} would send everything unencrypted", node.found()));
        node.refuse(
            complaint.allowed("https, or http on this machine").help("accept it with `insecure = true` in this table"),
        );
    }
}

fn network(node: &Node<'_>) -> Option<IpNet> {
    let text = string(node)?;
    let Ok(network) = text.parse::<IpNet>() else {
        let complaint =
            Complaint::new(format!("{} is not a network", node.found())).allowed("as in 10.1.0.0/16 or fd00::/8");
        let guess = text.parse::<IpAddr>().ok().filter(|_| !node.has_variable()).map(IpNet::from);
        node.refuse(Complaint { help: guess.map(|guess| format!("did you mean \"{guess}\"?")), ..complaint });
        return None;
    };
    if network.prefix_len() == 0 {
        let complaint = Complaint::new(format!("{} is the whole address space", node.found()));
        node.refuse(complaint.help("public addresses need no entry; name the private networks that are meant"));
        return None;
    }
    if network.trunc() != network {
        let complaint = Complaint::new(format!("{} has bits set beyond its prefix", node.found()));
        node.refuse(
            complaint.help(format!("/{} covers a whole network: write its first address", network.prefix_len())),
        );
        return None;
    }
    Some(network)
}

/// A certificate is of no use without its key, nor a key without its certificate.
fn client_cert(table: &mut Table<'_>) -> Option<ClientCert> {
    const KEYS: [&str; 2] = ["client_cert_file", "client_key_file"];
    let [cert, key] = KEYS.map(|key| table.node(key));
    let lone = match (&cert, &key) {
        (Some(node), None) => Some((node, KEYS[1])),
        (None, Some(node)) => Some((node, KEYS[0])),
        _ => None,
    };
    if let Some((node, missing)) = lone {
        let complaint = Complaint::new(format!("`{missing}` is missing"));
        node.refuse(complaint.help("a certificate and its key are two PEM files; they may be the same file"));
    }
    let [cert, key] = [cert, key].map(|node| node.as_ref().and_then(existing_file));
    Some(ClientCert { cert_file: cert?, key_file: key? })
}

fn proxy(node: &Node<'_>) -> Option<HttpProxy> {
    let text = string(node)?;
    let refusal = |complaint: Complaint| {
        let allowed = "scheme, host and port, as in \"http://proxy.example:3128\", or \"http://NAME:PASSWORD@...\"";
        node.refuse(complaint.allowed(allowed));
        None
    };
    let Ok(mut address) = Url::parse(&text) else {
        return refusal(Complaint::new(format!("{} is not the address of a proxy", node.found())));
    };
    if address.scheme() != "http" {
        let complaint = Complaint::new(format!("{} is not an http proxy", node.found()));
        return refusal(complaint.help("requests to https go through it in a tunnel that it cannot read"));
    }
    if address.path() != "/" || address.query().is_some() || address.fragment().is_some() {
        return refusal(Complaint::new(format!("{} has a path, query or fragment", node.found())));
    }
    let decoded = |part: &str| percent_decode_str(part).decode_utf8().ok().map(Cow::into_owned);
    let (Some(name), Some(password)) = (decoded(address.username()), decoded(address.password().unwrap_or_default()))
    else {
        return refusal(Complaint::new("the proxy's name or password is not UTF-8"));
    };
    node.reader.found.borrow_mut().secrets.add(&password, "(secret)");
    let credentials = (!name.is_empty() || !password.is_empty()).then(|| (name, Secret::new(password)));
    let is_bare = address.set_username("").is_ok() && address.set_password(None).is_ok();
    if !is_bare {
        return refusal(Complaint::new(format!("{} has no host", node.found())));
    }
    Some(HttpProxy { address, credentials })
}
