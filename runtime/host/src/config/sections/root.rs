//! The top of the file, and what must agree between its tables.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use super::{
    super::{
        model::{Admin, BatchLimits, Config, Exporter, Sandbox, Shutdown},
        reader::{Node, Table},
        secrets::Secrets,
        shapes::{address, boolean, bytes, duration, integer, number, path},
        source::Complaint,
    },
    exporter::{self, Neighbours},
    free, receivers, sampler,
};

/// Reads the whole file.
pub(in super::super) fn config(root: &mut Table<'_>) -> Config {
    let receivers = root.section("receivers", receivers::receivers);
    let has_receivers = receivers.otlp_http.is_some() || receivers.otlp_grpc.is_some();
    let batch = root.section("batch", batch);
    let receivers_there = [&receivers.otlp_http, &receivers.otlp_grpc].into_iter().flatten();
    let metadata = receivers_there.flat_map(|receiver| receiver.metadata.clone()).collect();
    let exporters = exporters(root, &Neighbours { batch: &batch, metadata });
    let config = Config {
        resource: root.section("resource", free::resource),
        sampler: root.section("sampler", |table| sampler::sampler(table, has_receivers)),
        receivers,
        batch,
        exporters,
        sandbox: root.section("sandbox", sandbox),
        admin: root.optional_section("admin", admin).flatten(),
        shutdown: root.section("shutdown", shutdown),
        secrets: Secrets::default(),
    };
    refuse_shared_addresses(root, &config);
    config
}

fn batch(table: &mut Table<'_>) -> BatchLimits {
    let default = BatchLimits::default();
    BatchLimits {
        max_export_batch_size: table.or("max_export_batch_size", default.max_export_batch_size, integer(1..=1_000_000)),
        max_export_batch_bytes: table.or(
            "max_export_batch_bytes",
            default.max_export_batch_bytes,
            bytes(1 << 10..=256 << 20),
        ),
        schedule_delay: table.or(
            "schedule_delay",
            default.schedule_delay,
            duration(Duration::from_millis(1)..=Duration::from_secs(3600)),
        ),
        metadata_cardinality_limit: table.or(
            "metadata_cardinality_limit",
            default.metadata_cardinality_limit,
            integer(1..=1000),
        ),
    }
}

fn exporters(root: &mut Table<'_>, neighbours: &Neighbours<'_>) -> BTreeMap<String, Exporter> {
    let span_is_known = root.node("exporters").is_some();
    let exporters = root.section("exporters", |table| {
        let mut exporters = BTreeMap::new();
        for (name, node) in table.take_all() {
            if let Some(exporter) = named_exporter(&name, &node, neighbours) {
                exporters.insert(name, exporter);
            }
        }
        exporters
    });
    let has_complaint = || root.reader.found.borrow().complaints.iter().any(|c| c.path.starts_with("exporters."));
    if exporters.is_empty() && root.reader.embedding.is_none() && !(span_is_known && has_complaint()) {
        let complaint = Complaint::new("there is no exporter").help("add a table such as `[exporters.NAME]`");
        root.refuse(Complaint { path: "exporters".into(), is_absence: true, ..complaint });
    }
    exporters
}

fn named_exporter(name: &str, node: &Node<'_>, neighbours: &Neighbours<'_>) -> Option<Exporter> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !starts_well || name.len() > 63 || !name.chars().all(is_name) {
        let complaint = Complaint::new(format!("`{}` is not a name for an exporter", name.escape_debug()));
        let allowed = "a lower-case letter, then lower-case letters, digits, `_` and `-`, up to 63 in all";
        let guess: String = name.to_ascii_lowercase().chars().map(|c| if is_name(c) { c } else { '_' }).collect();
        let guess =
            guess.starts_with(|c: char| c.is_ascii_lowercase()).then_some(guess).filter(|guess| guess.len() < 64);
        let help = guess.map(|guess| format!("did you mean `{guess}`?"));
        node.refuse(Complaint { help, ..complaint.allowed(allowed) });
    }
    let mut table = node.table()?;
    let exporter = exporter::exporter(&mut table, neighbours);
    table.finish();
    exporter
}

fn sandbox(table: &mut Table<'_>) -> Sandbox {
    let default = Sandbox::default();
    Sandbox {
        threads: table.or("threads", default.threads, integer(1..=256)),
        cpu_share: table.or("cpu_share", default.cpu_share, number(0.01..=256.0)),
        cache_dir: table.optional("cache_dir", path),
        max_cache_bytes: table.or("max_cache_bytes", default.max_cache_bytes, bytes(1 << 20..=1 << 40)),
        idle_timeout: table.or(
            "idle_timeout",
            default.idle_timeout,
            duration(Duration::from_millis(1)..=Duration::from_secs(24 * 3600)),
        ),
        max_component_bytes: table.or("max_component_bytes", default.max_component_bytes, bytes(1 << 10..=1 << 30)),
        signal_handlers: table.or("signal_handlers", default.signal_handlers, boolean),
    }
}

fn admin(table: &mut Table<'_>) -> Option<Admin> {
    table.required("listen", "write for example `listen = \"127.0.0.1:8888\"`", |node| {
        let listen = address(node)?;
        if !listen.ip().is_loopback() {
            let complaint = Complaint::new("the admin endpoint would be reachable from other machines");
            let help = format!("did you mean \"127.0.0.1:{}\"?", listen.port());
            node.refuse(complaint.allowed("a loopback address: 127.0.0.0/8 or [::1]").help(help));
        }
        Some(Admin { listen })
    })
}

fn shutdown(table: &mut Table<'_>) -> Shutdown {
    let most = Duration::from_secs(3600);
    Shutdown { deadline: table.or("deadline", Shutdown::default().deadline, duration(Duration::from_millis(1)..=most)) }
}

/// Two listeners of one process cannot have the same port. Port 0 is a different one each time.
fn refuse_shared_addresses(root: &mut Table<'_>, config: &Config) {
    let receiver =
        |receiver: &Option<_>| receiver.as_ref().map(|receiver: &super::super::model::Receiver| receiver.listen);
    let listeners: [(&str, Option<SocketAddr>); 3] = [
        ("receivers.otlp_http", receiver(&config.receivers.otlp_http)),
        ("receivers.otlp_grpc", receiver(&config.receivers.otlp_grpc)),
        ("admin", config.admin.map(|admin| admin.listen)),
    ];
    for (index, (table, listen)) in listeners.iter().enumerate() {
        let same = |other: &&(&str, Option<SocketAddr>)| other.1 == *listen && listen.is_some_and(|at| at.port() != 0);
        let Some((first, _)) = listeners[..index].iter().find(same) else { continue };
        let mut found = root.reader.found.borrow_mut();
        let path = format!("{table}.listen");
        let place = found.positions.get(&path).or_else(|| found.positions.get(*table)).map(|at| at.value.clone());
        let complaint =
            Complaint::new(format!("`[{first}]` listens on the same address")).help("give each its own port");
        found.complaints.push(Complaint { path, span: place, ..complaint });
    }
}
