use std::time::Duration;

use super::*;
use crate::config::{Component, Config, Limits, OtherSignals, Receiver, Sampler, WhenFull, reader::Reader, sections};

fn config(text: &str) -> Config {
    accepted(text).config
}

#[test]
fn the_reference_file_says_what_it_shows() {
    let config = config(REFERENCE);
    assert_eq!(config.sampler, Sampler::TraceIdRatio { ratio: 0.25 });
    assert_eq!(config.resource["service.name"].as_str(), Some("checkout"));
    assert_eq!(config.resource["deployment.environment.name"].as_str(), Some("production"));
    let http = config.receivers.otlp_http.expect("a receiver");
    assert_eq!((http.listen.port(), http.metadata), (4318, vec!["x-tenant".to_owned()]));
    assert_eq!(config.receivers.otlp_grpc.expect("a receiver").other_signals, OtherSignals::Refuse);
    let zipkin = &config.exporters["zipkin"];
    assert_eq!(zipkin.component, Component::Builtin("zipkin".into()));
    assert_eq!(zipkin.queue.when_full, WhenFull::Refuse);
    assert_eq!(zipkin.queue.max_export_batch_bytes, Some(1 << 20));
    assert_eq!(zipkin.settings["endpoint"], "http://localhost:9411/api/v2/spans");
    let grant = zipkin.grants.http.as_ref().expect("a grant");
    assert_eq!(grant.headers["authorization"].expose(), "Bearer reference-token");
    assert_eq!(grant.allow[0].as_str(), "http://localhost:9411/api/v2");
    assert!(config.exporters["console"].grants.terminal);
    assert_eq!(config.admin.expect("an address").listen.port(), 8888);
}

#[test]
fn dead_letters_have_a_folder_beside_the_configuration_and_64_mib_unless_it_says_otherwise() {
    let of = |lines: &str| {
        config(&format!("{MINIMAL}[exporters.a.dead_letter]\n{lines}")).exporters["a"].dead_letter.clone()
    };
    let defaults = of("dir = \"letters\"").expect("a table");
    assert_eq!((defaults.dir, defaults.max_size), ("conf/letters".into(), 64 << 20));
    let absolute = of("dir = \"/var/letters\"\nmax_size = \"1KiB\"").expect("a table");
    assert_eq!((absolute.dir, absolute.max_size), ("/var/letters".into(), 1 << 10));
    assert_eq!(config(MINIMAL).exporters["a"].dead_letter, None);
}

/// The reference file with the tables in use that it only shows.
fn with_optional_tables() -> String {
    let mut is_table = false;
    let uncommented = REFERENCE.lines().map(|line| {
        is_table = line.starts_with("# [") || is_table && !line.is_empty();
        if is_table { line.strip_prefix("# ").unwrap_or(line) } else { line }
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_tables_that_the_reference_file_only_shows_are_right() {
    let text = with_optional_tables();
    let variable = |_: &str| Some("0123456789abcdef".to_owned());
    let surroundings = Surroundings {
        file: Path::new("f"),
        builtins: &["console", "zipkin"],
        variable: &variable,
        is_file: &|_| true,
    };
    let config = crate::config::parse(text.as_bytes(), &surroundings).unwrap_or_else(|error| panic!("{error}")).config;
    let http = config.receivers.otlp_http.expect("a receiver");
    let tls = http.tls.expect("tls");
    assert_eq!(tls.reload_interval, crate::config::ReceiverAuth::RELOAD_INTERVAL);
    assert!(tls.client_ca_file.is_some());
    assert_eq!(http.auth.expect("tokens").bearer_tokens.len(), 1);
    let (cors, default) = (http.cors.expect("origins"), crate::config::Cors::new(Vec::new()));
    assert_eq!((cors.allowed_origins.len(), cors.max_age), (1, default.max_age));
}

#[test]
fn the_reference_file_has_every_key_that_is_known() {
    let reference = with_optional_tables();
    let (root, _) = toml::de::DeTable::parse_recoverable(&reference);
    let variable = |_: &str| Some(String::new());
    let surroundings = Surroundings {
        file: Path::new("f.toml"),
        builtins: &["console", "zipkin"],
        variable: &variable,
        is_file: &|_| true,
    };
    let (_, found) = Reader::new(&surroundings).read(root.get_ref(), sections::config);
    let is_shown_as_comment = |key: &str| REFERENCE.contains(&format!("# {key} = "));
    for (table, keys) in found.known {
        for key in keys {
            let path = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
            // shown once for both receivers, once for all exporters
            let sibling = path.replace("otlp_grpc", "otlp_http").replace("exporters.zipkin", "exporters.console");
            let other_sibling = path.replace("exporters.console", "exporters.zipkin");
            let is_shown = [&path, &sibling, &other_sibling].iter().any(|path| found.positions.contains_key(*path));
            let is_of_another_kind = table == "sampler" && REFERENCE.contains(key);
            assert!(is_shown || is_shown_as_comment(key) || is_of_another_kind, "{path} is not in the reference file");
        }
    }
}

#[test]
fn the_other_examples_are_right() {
    for example in [
        include_str!("../../../../cli/examples/otlp-to-zipkin.toml"),
        include_str!("../../../../cli/examples/otlp-to-console.toml"),
        &include_str!("../../../../cli/examples/otlp-to-otlp.toml").replace("COLLECTOR_TOKEN", "TOKEN"),
    ] {
        accepted(example);
    }
}

#[test]
fn what_is_left_out_has_the_documented_default() {
    let config = config(&format!("[receivers.otlp_http]\n{MINIMAL}"));
    assert_eq!(config.sampler, Sampler::AlwaysOn);
    let (receiver, default) = (config.receivers.otlp_http.expect("a receiver"), Receiver::otlp_http());
    assert_eq!(receiver.listen, default.listen);
    assert_eq!(receiver.max_request_bytes, default.max_request_bytes);
    assert_eq!(config.batch.max_export_batch_size, 512);
    let exporter = &config.exporters["a"];
    assert_eq!(exporter.limits.fuel_per_batch, Limits::default().fuel_per_batch);
    assert_eq!(exporter.queue.when_full, WhenFull::DropNewest);
    assert!(exporter.grants.http.is_none() && !exporter.grants.terminal);
    assert!(config.admin.is_none());
    assert_eq!(config.shutdown.deadline, Duration::from_secs(25));
}

#[test]
fn a_required_exporter_pushes_back_unless_told_otherwise() {
    let required = format!("{MINIMAL}required = true\n");
    assert_eq!(config(&required).exporters["a"].queue.when_full, WhenFull::Refuse);
    let dropping = format!("{required}queue.when_full = \"drop_oldest\"\n");
    assert_eq!(config(&dropping).exporters["a"].queue.when_full, WhenFull::DropOldest);
}

#[test]
fn a_component_is_found_from_the_folder_of_the_file() {
    let config = config("[exporters.a]\ncomponent = \"exporters/billing.wasm\"");
    assert_eq!(config.exporters["a"].component, Component::File("conf/exporters/billing.wasm".into()));
}

#[test]
fn a_variable_becomes_one_value_and_nothing_else() {
    let text = format!(
        "{MINIMAL}queue.max_queue_size = \"${{env:SIZE}}\"\nsettings.text = \"<${{env:BAD}}>\"\nsettings.safe = \"$${{x}}\"\n\
         [receivers.otlp_http]\nlisten = \"127.0.0.1:${{env:PORT}}\"\nmax_connections = \"${{env:NONE:-5}}\""
    );
    let config = config(&text);
    assert_eq!(config.exporters["a"].queue.max_queue_size, 77);
    assert_eq!(config.exporters["a"].settings["text"], "<canary\n[x]\ny = \"4cb1d0>");
    assert_eq!(config.exporters["a"].settings["safe"], "${x}");
    let receiver = config.receivers.otlp_http.expect("a receiver");
    assert_eq!((receiver.listen.port(), receiver.max_connections), (9000, 5));
}

#[test]
fn settings_reach_the_guest_with_their_types() {
    let text =
        format!("{MINIMAL}[exporters.a.settings]\ni = -3\nf = 0.5\nb = true\nl = [1, \"x\"]\nt = {{ x.y = 1 }}\n");
    let settings = &config(&text).exporters["a"].settings;
    let json = serde_json::to_string(settings).expect("json");
    assert_eq!(json, r#"{"b":true,"f":0.5,"i":-3,"l":[1,"x"],"t":{"x":{"y":1}}}"#);
}

#[test]
fn what_exporters_share_is_read_up_to_its_edges() {
    for (weight, cores) in [(1, 0.01), (10_000, 256.0)] {
        let config = config(&format!("{MINIMAL}limits.weight = {weight}\n[sandbox]\ncpu_share = {cores}\n"));
        assert_eq!((config.exporters["a"].limits.weight, config.sandbox.cpu_share), (weight, cores));
    }
    let config = config(MINIMAL);
    assert_eq!((config.exporters["a"].limits.weight, config.sandbox.cpu_share), (100, 1.0));
}

#[test]
fn numbers_may_be_written_as_people_write_them() {
    let text =
        format!("{MINIMAL}limits.fuel_per_batch = 2e9\nlimits.cpu_share = 1\nqueue.max_queue_bytes = 1_048_576\n");
    let exporter = &config(&text).exporters["a"];
    assert_eq!(exporter.limits.fuel_per_batch, 2_000_000_000);
    assert_eq!((exporter.limits.cpu_share, exporter.queue.max_queue_bytes), (1.0, 1 << 20));
}

#[test]
fn samplers_of_every_kind_are_read() {
    let sampler = |text: &str| config(&format!("[sampler]\n{text}\n{MINIMAL}")).sampler;
    assert_eq!(sampler("kind = \"always_off\""), Sampler::AlwaysOff);
    assert_eq!(sampler("kind = \"parent_based\""), Sampler::ParentBased { ratio: 1.0 });
    let limited = Sampler::RateLimiting { traces_per_second: 0.5, initial_balance: 1.0 };
    assert_eq!(sampler("kind = \"rate_limiting\"\ntraces_per_second = 0.5"), limited);
}

#[test]
fn a_digest_is_read_as_bytes() {
    let text = format!("{MINIMAL}digest = \"sha256:{}\"", "0a".repeat(32));
    assert_eq!(config(&text).exporters["a"].digest, Some([10; 32]));
}

#[test]
fn a_later_problem_is_told_at_the_place_of_its_key() {
    let document = accepted(&format!("{MINIMAL}\n[exporters.a.settings]\nport = 5\nlist = [1, 2]\n"));
    let place = |path: &str| document.problem(path, "x", None).place;
    assert_eq!(place("exporters.a.settings.port"), Some((5, 8)));
    assert_eq!(place("exporters.a.settings.list[1]"), Some((6, 12)));
    assert_eq!(place("exporters.a.settings.missing.deep"), Some((4, 14)));
    assert_eq!(place("nowhere"), None);
}
