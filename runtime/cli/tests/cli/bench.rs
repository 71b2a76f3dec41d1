use crate::process::output;

#[test]
fn an_exporter_is_measured_without_configuration_or_network_and_gets_a_budget() {
    let settings = "{\"endpoint\": \"http://no.such.host.invalid/api/v2/spans\"}";
    let said = output(&["bench", "builtin:zipkin", "--settings", settings, "--seconds", "1", "--batch-size", "64"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for part in [
        "spans per second and core",
        "fuel per span",
        "batches of 64 spans",
        "requests",
        "1.0 per batch",
        "if all are slow and failed",
    ] {
        assert!(said.stdout.contains(part), "no {part} in\n{}", said.stdout);
    }
    let budget = said.stdout.split_once("[exporters.zipkin.limits]\n").expect("a budget").1;
    let keys: Vec<&str> = budget.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key)).collect();
    assert_eq!(keys, ["fuel_per_batch", "memory", "cpu_share"], "{budget}");
}

#[test]
fn an_exporter_that_calls_is_measured_too() {
    let settings = "{\"protocol\": \"grpc\"}";
    let said = output(&["bench", "builtin:otlp", "--settings", settings, "--seconds", "1"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("1.0 per batch") && !said.stdout.contains("rejected"), "{}", said.stdout);
}

#[test]
fn an_exporter_that_is_stopped_is_told_line_by_line() {
    let said = output(&["bench", "builtin:faulty", "--settings", "{\"fault\": \"trap\"}", "--seconds", "1"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    for part in ["the exporter was stopped: trapped\n", "\n  said: thread", "\n  told to panic", "\n  in faulty::trap"]
    {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn settings_that_the_exporter_or_nobody_understands_are_refused_with_what_to_do() {
    for (settings, parts) in [
        ("{\"endpiont\": 1}", &["refuses these settings", "endpiont", "--settings"][..]),
        ("{\"endpoint\": }", &["--settings is not JSON", "column 14"]),
        ("no/such.json", &["neither JSON", "no/such.json"]),
    ] {
        let said = output(&["bench", "builtin:zipkin", "--settings", settings]);
        assert_eq!(said.code, Some(1), "{}", said.stdout);
        for part in parts {
            assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
        }
    }
}
