//! One test per kind of mistake, with the text that a person sees.

use super::*;

fn exporter(lines: &str) -> String {
    format!("[exporters.a]\ncomponent = \"builtin:console\"\n{lines}")
}

/// The messages alone, each with what is allowed and the help.
pub(super) fn told(text: &str) -> Vec<String> {
    let problems = read(text).expect_err("this configuration is wrong").problems;
    let line = |problem: &crate::config::Problem| {
        let extra = [&problem.allowed, &problem.help].into_iter().flatten().map(|text| format!(" | {text}"));
        format!("{}: {}{}", problem.path, problem.message, extra.collect::<String>())
    };
    problems.iter().map(line).collect()
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest_known_one() {
    let expected = "\
error: unknown key `max_que_size`
 --> conf/spangate.toml:4:1
  |
4 | max_que_size = 5
  | ^^^^^^^^^^^^
  = key: exporters.a.queue.max_que_size
  = allowed: when_full, max_queue_size, max_queue_bytes, max_export_batch_size, max_export_batch_bytes
  = help: did you mean `max_queue_size`?

1 error";
    assert_eq!(refused(&exporter("[exporters.a.queue]\nmax_que_size = 5")), expected);
}

#[test]
fn dead_letters_without_a_folder_or_with_room_for_none_are_refused() {
    let table = |lines: &str| told(&exporter(&format!("[exporters.a.dead_letter]\n{lines}")));
    let folder = "exporters.a.dead_letter.dir: `dir` is missing | name the folder that is to keep them: `dir = \"dead_letters\"`";
    assert_eq!(table(""), [folder]);
    let size = "exporters.a.dead_letter.max_size: the string \"1023B\" is out of range | 1KiB to 1TiB";
    assert_eq!(table("dir = \"x\"\nmax_size = \"1023B\""), [size]);
}

#[test]
fn every_error_of_a_file_is_told_in_its_order() {
    let text = "[receivers.otlp_http]\nlisten = \"0.0.0.0:4318\"\n[exporters.Bad]\ncomponent = \"builtin:zipkn\"\nconcurency = 2\n";
    let expected = "\
error: this address is reachable by others: without `tls` and `auth` anybody could send, and read along
 --> conf/spangate.toml:2:10
  |
2 | listen = \"0.0.0.0:4318\"
  |          ^^^^^^^^^^^^^^
  = key: receivers.otlp_http.listen
  = allowed: a loopback address, or TLS with tokens or client certificates
  = help: give it `tls` and `auth` (or `tls.client_ca_file`), listen on 127.0.0.1:4318, or accept it with `insecure = true`

error: `Bad` is not a name for an exporter
 --> conf/spangate.toml:3:1
  |
3 | [exporters.Bad]
  | ^^^^^^^^^^^^^^^
  = key: exporters.Bad
  = allowed: a lower-case letter, then lower-case letters, digits, `_` and `-`, up to 63 in all
  = help: did you mean `bad`?

error: the string \"builtin:zipkn\" is not built in
 --> conf/spangate.toml:4:13
  |
4 | component = \"builtin:zipkn\"
  |             ^^^^^^^^^^^^^^^
  = key: exporters.Bad.component
  = allowed: console, otlp, webhook or zipkin
  = help: did you mean \"builtin:zipkin\"?

error: unknown key `concurency`
 --> conf/spangate.toml:5:1
  |
5 | concurency = 2
  | ^^^^^^^^^^
  = key: exporters.Bad.concurency
  = allowed: component, required, digest, concurrency, subscribe, queue, retry, dead_letter, limits, grants, select, settings
  = help: did you mean `concurrency`?

4 errors";
    assert_eq!(refused(text), expected);
}

#[test]
fn a_syntax_error_is_told_with_what_else_is_wrong() {
    let expected = "\
error: string values must be quoted, expected literal string
 --> conf/spangate.toml:3:19
  |
3 | limits.deadline = 10s
  |                   ^^^
  = key: exporters.a

error: the integer 0 is out of range
 --> conf/spangate.toml:4:15
  |
4 | concurrency = 0
  |               ^
  = key: exporters.a.concurrency
  = allowed: 1 to 64

2 errors";
    assert_eq!(refused(&exporter("limits.deadline = 10s\nconcurrency = 0")), expected);
}

#[test]
fn a_broken_header_is_the_only_thing_told() {
    let expected = "\
error: unclosed table, expected `]`
 --> conf/spangate.toml:1:13
  |
1 | [exporters.a
  |             ^

1 error";
    assert_eq!(refused("[exporters.a\ncomponent = \"builtin:zipkin\""), expected);
}

#[test]
fn keys_and_tables_that_are_there_twice_are_told_with_both_lines() {
    assert_eq!(
        told(&exporter(
            "component = \"builtin:zipkin\"\n[exporters.b]\ncomponent = \"builtin:zipkin\"\n[exporters.a]\n"
        )),
        [
            "exporters.a.component: `exporters.a.component` is there twice | the other one is on line 2; keep one of them",
            "exporters.a: `exporters.a` is there twice | the other one is on line 1; keep one of them",
        ]
    );
}

#[test]
fn keys_in_the_wrong_table_are_sent_home() {
    assert_eq!(
        told(&exporter("max_queue_size = 5\nschedule_delay = \"1s\"")),
        [
            "exporters.a.max_queue_size: unknown key `max_queue_size` | component, required, digest, concurrency, \
             subscribe, queue, retry, dead_letter, limits, grants, select, settings | `max_queue_size` belongs in `[exporters.a.queue]`",
            "exporters.a.schedule_delay: unknown key `schedule_delay` | component, required, digest, concurrency, \
             subscribe, queue, retry, dead_letter, limits, grants, select, settings | `schedule_delay` belongs in `[batch]`",
        ]
    );
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(told(""), ["exporters: there is no exporter | add a table such as `[exporters.NAME]`"]);
    assert_eq!(
        told("[exporters.a]\n[admin]\n[sampler]\nkind = \"traceid_ratio\"\n"),
        [
            "exporters.a.component: `component` is missing | write `component = \"builtin:NAME\"`, or the path of a component",
            "admin.listen: `listen` is missing | write for example `listen = \"127.0.0.1:8888\"`",
            "sampler.ratio: `ratio` is missing | this kind of sampler needs it, as in `ratio = 0.1`",
        ]
    );
    assert_eq!(
        told(&exporter(
            "[exporters.a.grants.http]\n[exporters.b]\ncomponent = \"builtin:otlp\"\ngrants.http.allow = []"
        )),
        [
            "exporters.a.grants.http.allow: `allow` is missing | name every address that may be reached: \
             `allow = [\"https://collector.example:4318\"]`",
            "exporters.b.grants.http.allow: the list is empty: nothing could be reached | \
             name an address, or take the whole table out",
        ]
    );
}

#[test]
fn components_that_are_not_there_are_told() {
    assert_eq!(
        told(
            "[exporters.a]\ncomponent = \"x.wasm\"\n[exporters.b]\ncomponent = \"zipkin\"\n[exporters.c]\ncomponent = 5"
        ),
        [
            "exporters.a.component: the string \"x.wasm\" is not a file that exists | \
             relative paths start at the folder of this file",
            "exporters.b.component: the string \"zipkin\" is not a path | did you mean \"builtin:zipkin\"?",
            "exporters.c.component: expected a string, found the integer 5",
        ]
    );
    assert_eq!(
        told(&exporter("digest = \"sha1:00\"")),
        ["exporters.a.digest: the string \"sha1:00\" is not a digest | sha256: and 64 hexadecimal digits | \
          `spangate inspect COMPONENT` prints it"]
    );
}

#[test]
fn numbers_out_of_range_are_told_with_the_range() {
    let lines = "\
concurrency = 65
queue.max_queue_size = 0
queue.max_queue_bytes = \"1TiB\"
limits.fuel_per_batch = -1
limits.memory = 99999999999999999999
limits.deadline = \"0s\"
limits.cpu_share = nan
limits.weight = 0
limits.log_lines_per_second = 4294967296
limits.log_line_bytes = -5
limits.metric_series = 1.5
";
    assert_eq!(
        told(&exporter(lines)),
        [
            "exporters.a.concurrency: the integer 65 is out of range | 1 to 64",
            "exporters.a.queue.max_queue_size: the integer 0 is out of range | 1 to 100000000",
            "exporters.a.queue.max_queue_bytes: the string \"1TiB\" is out of range | 1KiB to 64GiB",
            "exporters.a.limits.fuel_per_batch: the integer -1 is out of range | 10000 to 1000000000000000",
            "exporters.a.limits.memory: expected a size, found the integer 99999999999999999999 | a bare number has no \
             unit: write \"99999999999999999999MiB\" or \"99999999999999999999B\"",
            "exporters.a.limits.deadline: the string \"0s\" is out of range | 1ms to 10m",
            "exporters.a.limits.cpu_share: the number nan is out of range | 0.001 to 64",
            "exporters.a.limits.weight: the integer 0 is out of range | 1 to 10000",
            "exporters.a.limits.log_lines_per_second: the integer 4294967296 is out of range | 0 to 100000",
            "exporters.a.limits.log_line_bytes: the integer -5 is out of range | 16B to 1MiB",
            "exporters.a.limits.metric_series: expected a whole number, found the number 1.5",
        ]
    );
}

#[test]
fn what_the_sandbox_keeps_is_told_with_its_range() {
    let wrong = "[sandbox]\nmax_cache_bytes = \"1023KiB\"\nidle_timeout = \"0s\"\n";
    assert_eq!(
        told(&format!("{wrong}{MINIMAL}")),
        [
            "sandbox.max_cache_bytes: the string \"1023KiB\" is out of range | 1MiB to 1TiB",
            "sandbox.idle_timeout: the string \"0s\" is out of range | 1ms to 24h",
        ]
    );
    let right = "[sandbox]\nmax_cache_bytes = \"1MiB\"\nidle_timeout = \"24h\"\n";
    let sandbox = read(&format!("{right}{MINIMAL}")).expect("right").config.sandbox;
    assert_eq!((sandbox.max_cache_bytes, sandbox.idle_timeout.as_secs()), (1 << 20, 24 * 3600));
}

#[test]
fn what_exporters_share_is_told_with_its_range() {
    let weight = |weight: u32| told(&exporter(&format!("limits.weight = {weight}\n")));
    assert_eq!(weight(10_001), ["exporters.a.limits.weight: the integer 10001 is out of range | 1 to 10000"]);
    let cores = |cores: &str| told(&exporter(&format!("[sandbox]\ncpu_share = {cores}\n")));
    for (cores, told) in [("0.009", cores("0.009")), ("256.1", cores("256.1"))] {
        assert_eq!(told, [format!("sandbox.cpu_share: the number {cores} is out of range | 0.01 to 256")]);
    }
}

#[test]
fn units_are_asked_for() {
    assert_eq!(
        told(&exporter("limits.deadline = 10\nlimits.memory = \"64mb\"\nretry.max = \"1 min\"\nretry.max_age = true")),
        [
            "exporters.a.limits.deadline: expected a duration, found the integer 10 | \
             a bare number has no unit: write \"10s\" or \"10ms\"",
            "exporters.a.limits.memory: the string \"64mb\": unknown unit `mb` | did you mean \"64MB\"?",
            "exporters.a.retry.max: the string \"1 min\": unexpected ` min` after the number | \
             write the unit right after the number",
            "exporters.a.retry.max_age: expected a duration, found the boolean true | write for example `\"10s\"`",
        ]
    );
}

#[test]
fn keys_that_disagree_are_told() {
    assert_eq!(
        told(&exporter("queue.when_full = \"refuse\"\nretry.initial = \"2m\"\nqueue.max_export_batch_size = 513")),
        [
            "exporters.a.queue.when_full: only a required exporter may push back on senders | drop_newest or drop_oldest \
             | or set `required = true` for this exporter",
            "exporters.a.retry.initial: the first delay (120s) is longer than the longest (60s) | \
             let `initial` be no more than `max`",
            "exporters.a.queue.max_export_batch_size: the integer 513 is more than that of `[batch]`, which is 512 | \
             an exporter can only ask for smaller batches; raise the one in `[batch]`",
        ]
    );
    assert_eq!(
        told(&format!("[receivers.otlp_http]\nlisten = \"127.0.0.1:4317\"\n[receivers.otlp_grpc]\n{MINIMAL}")),
        ["receivers.otlp_grpc.listen: `[receivers.otlp_http]` listens on the same address | give each its own port"]
    );
}

#[test]
fn samplers_that_cannot_decide_are_refused() {
    assert_eq!(
        told(&format!("[receivers.otlp_http]\n[sampler]\nkind = \"parent_based\"\ntraces_per_second = 1\n{MINIMAL}")),
        [
            "sampler.kind: the string \"parent_based\" cannot decide about received spans | always_on, always_off or \
             traceid_ratio, as long as there are receivers | sample in the sender, or here by trace id: kind = \"traceid_ratio\"",
            "sampler.traces_per_second: `traces_per_second` has no meaning for the sampler parent_based | \
             it belongs to `kind`: rate_limiting",
        ]
    );
    assert_eq!(
        told(&format!("[sampler]\nkind = \"allways_on\"\n{MINIMAL}")),
        [
            "sampler.kind: the string \"allways_on\" is not known here | always_on, always_off, traceid_ratio, parent_based \
          or rate_limiting | did you mean \"always_on\"?"
        ]
    );
}

#[test]
fn grants_that_say_too_much_or_nothing_are_refused() {
    const ALLOWED: &str = "scheme, host and port, as in \"https://collector.example:4318\"; a path is a prefix";
    let allow = |address: &str| {
        let problems = told(&exporter(&format!("grants.http.allow = [\"{address}\"]")));
        problems.join("\n").replace("exporters.a.grants.http.allow[0]: ", "").replace(ALLOWED, "ALLOWED")
    };
    assert_eq!(
        allow("https://*.example"),
        "the string \"https://*.example\" has a `*`: addresses are exact | ALLOWED | list each address"
    );
    assert_eq!(
        allow("host:4318"),
        "the string \"host:4318\" has no scheme | ALLOWED | did you mean \"https://host:4318\"?"
    );
    assert_eq!(allow("ftp://host"), "the string \"ftp://host\" is neither http nor https | ALLOWED");
    assert_eq!(allow("https://"), "the string \"https://\" is not an address | ALLOWED");
    assert_eq!(allow("https://h/?q"), "the string \"https://h/?q\" has a query or fragment | ALLOWED");
    assert_eq!(
        allow("https://me:pw@host"),
        "an address must not carry a user name or password | ALLOWED | \
         put credentials into `headers`: `authorization = \"${env:NAME}\"`"
    );
    assert_eq!(
        allow("http://collector.example"),
        "the string \"http://collector.example\" would send everything unencrypted | https, or http on this machine | \
         accept it with `insecure = true` in this table"
    );
    for address in ["http://localhost:9411", "http://127.0.0.2", "http://[::1]:1", "https://collector.example"] {
        accepted(&exporter(&format!("grants.http.allow = [\"{address}\"]")));
    }
    accepted(&exporter("grants.http = { allow = [\"http://collector.example\"], insecure = true }"));
}

#[test]
fn networks_are_checked() {
    let line = "grants.http = { allow = [\"https://x\"], allow_cidrs = [\"0.0.0.0/0\", \"::/0\", \"10.0.0.1/8\", \"10.0.0.1\"] }";
    let problems = told(&exporter(line)).join("\n").replace("exporters.a.grants.http.allow_cidrs", "");
    let whole = "is the whole address space | public addresses need no entry; name the private networks that are meant";
    assert_eq!(
        problems,
        format!(
            "[0]: the string \"0.0.0.0/0\" {whole}\n[1]: the string \"::/0\" {whole}\n\
             [2]: the string \"10.0.0.1/8\" has bits set beyond its prefix | /8 covers a whole network: write its first address\n\
             [3]: the string \"10.0.0.1\" is not a network | as in 10.1.0.0/16 or fd00::/8 | did you mean \"10.0.0.1/32\"?"
        )
    );
}

#[test]
fn headers_are_checked_without_showing_them() {
    let line = "grants.http = { allow = [\"https://x\"], headers = { Authorization = \"a\", host = \"b\", x = \"c\\n\", y = 5 } }";
    assert_eq!(
        told(&exporter(line)).join("\n").replace("exporters.a.grants.http.headers.", ""),
        "Authorization: header names are written in lower case: `authorization`\n\
         host: the header `host` is set by the host itself\n\
         x: the header's value has control characters, or spaces around it | \
         a line feed at the end of a file or variable is the usual cause\n\
         y: expected a string, found a secret"
    );
}

#[test]
fn variables_that_are_not_set_or_not_understood_are_told() {
    assert_eq!(
        told(&exporter("settings.x = \"${env:NOPE}\"\nsettings.y = \"${HOME}\"\nsettings.z = \"${env:X\"")),
        [
            "exporters.a.settings.x: the variable NOPE is not set | set NOPE, or give a default: `${env:NOPE:-default}`",
            "exporters.a.settings.y: only variables of the environment can be put in | \
             write `${env:HOME}`, or `$${` for a literal `${`",
            "exporters.a.settings.z: `${` is never closed | close it with `}`, or write `$${` for a literal `${`",
        ]
    );
}

#[test]
fn settings_that_are_no_json_are_told() {
    assert_eq!(
        told(&exporter("settings.d = 1979-05-27\nsettings.f = inf\nsettings.i = 99999999999999999999")),
        [
            "exporters.a.settings.d: settings are handed over as JSON, which has no dates | write it as a string: \"1979-05-27\"",
            "exporters.a.settings.f: expected a finite number, found the number inf",
            "exporters.a.settings.i: expected an integer of 64 bits, found the integer 99999999999999999999",
        ]
    );
}

#[test]
fn a_table_that_is_a_value_and_a_value_that_is_a_table_are_told() {
    assert_eq!(
        told("batch = 5\n[exporters.a]\ncomponent = { x = 1 }\nqueue = \"x\"\n"),
        [
            "batch: expected a table, found the integer 5 | write for example `[batch]`",
            "exporters.a.component: expected a string, found a table",
            "exporters.a.queue: expected a table, found the string \"x\" | write for example `[exporters.a.queue]`",
        ]
    );
}

#[test]
fn a_file_that_is_not_text_is_told_where() {
    let surroundings =
        Surroundings { file: Path::new("f.toml"), builtins: &[], variable: &|_| None, is_file: &|_| false };
    let error = parse(b"a = 1\nb = \"\xff\"", &surroundings).expect_err("wrong").to_string();
    assert!(error.starts_with("error: the file is not UTF-8 text\n --> f.toml:2:6\n"), "{error}");
    let error = parse(&vec![b' '; (1 << 20) + 1], &surroundings).expect_err("wrong").to_string();
    assert!(
        error.starts_with(
            "error: the file has more than 1048576 bytes: it is no configuration\n--> f.toml\n = allowed: up to 1048576"
        ),
        "{error}"
    );
}
