//! `grants.columns`, `grants.attributes` and `[select]`.

use spangate_core::{
    columns::{Column, ColumnSet},
    narrow::{Pattern, RuleStatus, RuleValue},
};

use super::{errors::told, *};
use crate::config::{Exporter, HashKey};

fn exporter(lines: &str) -> String {
    format!("{MINIMAL}{lines}")
}

fn read_exporter(lines: &str) -> Exporter {
    accepted(&exporter(lines)).config.exporters.remove("a").expect("the exporter")
}

fn texts(patterns: &[Pattern]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_is_narrowed_unasked() {
    let exporter = read_exporter("");
    assert_eq!((exporter.grants.columns, exporter.grants.attributes.allow), (ColumnSet::ALL, None));
    assert_eq!(exporter.select, crate::config::Select::default());
}

#[test]
fn columns_are_granted_by_name_and_attributes_by_key() {
    let grants = read_exporter(
        "grants.columns = [\"name\", \"attributes\"]\ngrants.attributes = { allow = [\"http.*\", \"a\"], deny = [\"*\"] }",
    )
    .grants;
    assert_eq!(grants.columns.iter().collect::<Vec<_>>(), [Column::Name, Column::Attributes]);
    assert_eq!(texts(&grants.attributes.allow.expect("some")), ["http.*", "a"]);
    assert_eq!(texts(&grants.attributes.deny), ["*"]);
    assert_eq!(read_exporter("grants.columns = []").grants.columns, ColumnSet::NONE);
}

#[test]
fn an_unknown_column_is_told_with_all_that_there_are() {
    let columns = "trace_id, span_id, parent_span_id, trace_state, flags, name, kind, time, status_code, status_message, \
                   attributes, span_events, span_links, scope, resource, severity or body";
    assert_eq!(
        told(&exporter("grants.columns = [\"names\", \"name\"]")),
        [format!(
            "exporters.a.grants.columns[0]: the string \"names\" is not known here | {columns} | did you mean \"name\"?"
        )]
    );
}

#[test]
fn a_pattern_has_one_star_and_at_its_end() {
    const ALLOWED: &str = "as in \"http.route\", or with one `*` at its end, as in \"http.*\"";
    for (lines, path) in [
        ("grants.attributes.allow = [\"a\", \"PATTERN\"]", "grants.attributes.allow[1]"),
        ("grants.attributes.deny = [\"PATTERN\"]", "grants.attributes.deny[0]"),
        ("select.delete = [\"PATTERN\"]", "select.delete[0]"),
        ("select.hash = [\"PATTERN\", \"b\"]", "select.hash[0]"),
        ("select.drop = [{ name = \"PATTERN\" }]", "select.drop[0].name"),
        ("select.drop = [{ attributes = { a = \"PATTERN\" } }]", "select.drop[0].attributes.a"),
    ] {
        for wrong in ["*x", "a*b", "**"] {
            let message = format!("the string \"{wrong}\" is not a name or the beginning of one | {ALLOWED}");
            let problems = told(&exporter(&lines.replace("PATTERN", wrong)));
            assert_eq!(problems, [format!("exporters.a.{path}: {message}")]);
        }
    }
    assert_eq!(told(&exporter("select.delete = [\"\"]")).len(), 1);
}

#[test]
fn a_rule_says_what_the_rows_that_it_drops_are_like() {
    let select = read_exporter(
        r#"
        [[exporters.a.select.drop]]
        name = "GET *"
        status = "ok"
        attributes = { http.route = "/health", "retry" = 3, quota = 0.5, cached = true, any = "*", none = "" }
        resource.service.name = "shop*"
        [[exporters.a.select.drop]]
        status = "unset"
        "#,
    )
    .select;
    let [first, second] = &select.drop[..] else { panic!("{select:?}") };
    assert_eq!((first.name.clone(), first.status), (Pattern::parse("GET *"), Some(RuleStatus::Ok)));
    let value = |key: &str| &first.attributes.iter().find(|(known, _)| known == key).expect("a condition").1;
    assert_eq!(value("http.route"), &RuleValue::Text(Pattern::Exact("/health".to_owned())));
    assert_eq!((value("retry"), value("quota")), (&RuleValue::Int(3), &RuleValue::Double(0.5)));
    assert_eq!((value("cached"), value("any")), (&RuleValue::Bool(true), &RuleValue::Any));
    assert_eq!(value("none"), &RuleValue::Text(Pattern::Exact(String::new())));
    let shop = RuleValue::Text(Pattern::Prefix("shop".to_owned()));
    assert_eq!(first.resource, [("service.name".to_owned(), shop)]);
    assert_eq!((second.status, second.name.clone()), (Some(RuleStatus::Unset), None));
}

#[test]
fn a_rule_that_says_nothing_or_something_unknown_is_refused() {
    let told = |rule: &str| told(&exporter(&format!("select.drop = [{rule}]")));
    let nothing = "exporters.a.select.drop[0]: this rule says nothing: it would drop everything | say what the rows have in \
                   common: `{ name = \"GET /health\" }`";
    assert_eq!(told("{}"), [nothing]);
    assert_eq!(told("{ attributes = {} }"), [nothing]);
    assert_eq!(
        told("{ nam = \"x\" }"),
        [
            "exporters.a.select.drop[0].nam: unknown key `nam` | name, status, attributes, resource | did you mean `name`?"
        ]
    );
    assert_eq!(
        told("{ status = \"failed\" }"),
        ["exporters.a.select.drop[0].status: the string \"failed\" is not known here | unset, ok or error"]
    );
    assert_eq!(
        told("{ attributes = { a = [1] } }"),
        ["exporters.a.select.drop[0].attributes.a: expected a string, number or boolean, found a list"]
    );
    assert_eq!(
        told("{ attributes = { a = {} } }"),
        ["exporters.a.select.drop[0].attributes.a: expected a string, number or boolean, found a table"]
    );
    assert_eq!(
        told("\"x\"")[0],
        "exporters.a.select.drop[0]: expected a table, found the string \"x\" | write for example `[exporters.a.select.drop[0]]`"
    );
}

#[test]
fn lists_are_bounded() {
    let rules = |count: usize| vec!["{ name = \"x\" }"; count].join(", ");
    assert_eq!(read_exporter(&format!("select.drop = [{}]", rules(256))).select.drop.len(), 256);
    let message = "exporters.a.select.drop: the list has 257 elements | up to 256";
    assert_eq!(told(&exporter(&format!("select.drop = [{}]", rules(257)))), [message]);
    let keys = |count: usize| vec!["\"x\""; count].join(", ");
    assert_eq!(read_exporter(&format!("select.delete = [{}]", keys(1024))).select.delete.len(), 1024);
    let message = "exporters.a.select.delete: the list has 1025 elements | up to 1024";
    assert_eq!(told(&exporter(&format!("select.delete = [{}]", keys(1025)))), [message]);
}

#[test]
fn a_key_is_long_enough_kept_out_of_what_is_printed_and_there_is_one_at_most() {
    let hash_key = |key: &str| format!("select = {{ hash = [\"a\"], hash_key = \"{key}\" }}");
    match read_exporter(&hash_key("canary-canary-16")).select.hash_key {
        Some(HashKey::Text(key)) => assert_eq!(key.expose(), "canary-canary-16"),
        other => panic!("{other:?}"),
    }
    let short = told(&exporter(&hash_key("canary-canary-1")));
    assert_eq!(
        short,
        [
            "exporters.a.select.hash_key: a key of 15 bytes can be guessed: at least 16 | `openssl rand -hex 32` makes one"
        ]
    );
    assert!(!refused(&exporter(&hash_key("canary-canary-1"))).contains("canary"));
    let document = accepted(&exporter(&hash_key("canary-canary-16")));
    assert_eq!(document.config.secrets.redact("it says canary-canary-16"), "it says (secret)");
    let file = "select.hash_key_file = \"/etc/ca.pem\"\nselect.hash = [\"a\"]";
    assert_eq!(read_exporter(file).select.hash_key, Some(HashKey::File("/etc/ca.pem".into())));
    let both = format!("{file}\nselect.hash_key = \"canary-canary-16\"");
    assert_eq!(
        told(&exporter(&both)),
        ["exporters.a.select.hash_key_file: there is a `hash_key` in this table too | keep one of them"]
    );
    assert_eq!(
        told(&exporter("select.hash_key = \"canary-canary-16\"")),
        [
            "exporters.a.select.hash_key: there is nothing to hash with this key | name the attributes: `hash = [\"user.id\"]`"
        ]
    );
    assert_eq!(told(&exporter("select.hash = [\"a\"]\nselect.hash_key_file = \"none\"")).len(), 1);
}
