//! Those that reach out, and those whose backends are as bad as they are.

use std::collections::{HashMap, HashSet};

use spangate_tests::wait_until;

use super::super::{scene::Scene, specimen::Specimen, wire};

const PATIENT: &str = "fuel_per_batch = 2_000_000_000\ndeadline = \"10s\"\nmemory = \"16MiB\"";
/// Ways to write where the instances of a cloud learn their secrets, and addresses that nobody granted.
const METADATA: &str = r#"urls = ["http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xA9FEA9FE/",
  "http://0251.0376.0251.0376/", "http://[::ffff:a9fe:a9fe]/", "http://[::ffff:169.254.169.254]/",
  "http://0177.0.0.1:{forbidden_port}/", "http://127.1:{forbidden_port}/", "http://[::1]:{forbidden_port}/", "http://[fd00:ec2::254]/",
  "http://169.254.169.254.:80/", "http://metadata.google.internal/", "http://localhost:{forbidden_port}/", "https://127.0.0.1:{forbidden_port}/",
  "file:///etc/passwd", "ftp://127.0.0.1/"]"#;

pub(super) const ROWS: &[Specimen] = &[
    Specimen::faulty("Z16", "wrong_host")
        .settings("url = \"{forbidden}/in\"")
        .proof(|scene| is_denied(scene, "got through"))
        .slow(),
    Specimen::faulty("Z17", "post")
        .variant("metadata")
        .settings(METADATA)
        .grants("allow_cidrs = [\"10.0.0.0/8\"]")
        .proof(finds_no_secrets)
        .slow(),
    Specimen::faulty("Z18", "post")
        .variant("rebound")
        .settings("urls = [\"http://{hostname}:{port}/\"]")
        .grants("allow = [\"http://{hostname}:{port}\"]\ninsecure = true")
        .proof(is_not_led_inside)
        .slow(),
    Specimen::faulty("Z19", "post")
        .variant("redirected")
        .settings("urls = [\"{backend}/home\", \"{backend}/away\"]")
        .answer(wire::redirect)
        .proof(follows_nowhere)
        .slow(),
    Specimen::faulty("Z20", "smuggle").settings("url = \"{backend}\"").proof(smuggles_nothing).slow(),
    Specimen::faulty("Z22", "secret_fisher")
        .settings("urls = [\"{backend}/home\", \"{forbidden}/away\"]")
        .grants("headers = { authorization = \"Bearer canary-4f1d0c\" }")
        .answer(wire::echo)
        .proof(learns_nothing)
        .epilogue(nothing_was_told)
        .slow(),
    Specimen::faulty("Z22", "attribute_fisher")
        .settings("urls = [\"{backend}/fished\"]")
        .tables("[exporters.bad.grants]\ncolumns = [\"trace_id\", \"span_id\"]")
        .limits(PATIENT)
        .proof(is_shown_no_name)
        .epilogue(no_name_was_told)
        .slow(),
    Specimen::faulty("Z24", "post")
        .variant("trickled")
        .settings("urls = [\"{backend}/slow\"]")
        .grants("timeout = \"200ms\"")
        .limits(PATIENT)
        .answer(wire::trickle)
        .proof(|scene| gives_up(scene, "timeout"))
        .epilogue(has_nothing_in_flight)
        .slow(),
    Specimen::faulty("Z26", "post")
        .variant("endless")
        .settings("urls = [\"{backend}/endless\"]")
        .limits(PATIENT)
        .answer(wire::endless)
        .proof(is_cut_at_four_mebibytes)
        .epilogue(has_nothing_in_flight)
        .slow(),
    Specimen::faulty("Z26", "post")
        .variant("gzip")
        .settings("urls = [\"{backend}/bomb\"]")
        .answer(wire::gzip_bomb)
        .proof(gets_it_as_it_came)
        .slow(),
    Specimen::faulty("Z27", "always_retry").tables(IMPATIENT).proof(is_held_back_and_given_up),
    Specimen::faulty("Z28", "liar").proof(is_believed_and_noted),
    Specimen::faulty("Z35", "rng_output")
        .settings("url = \"{backend}/in\"")
        .limits(PATIENT)
        .answer(wire::second_time)
        .proof(keeps_the_batchs_id)
        .slow(),
];

const IMPATIENT: &str = "[exporters.bad.retry]\ninitial = \"200ms\"\nmax = \"1s\"\nmax_age = \"500ms\"";

/// Denied, counted, and nothing connected to.
fn is_denied(scene: &Scene, through: &str) {
    let reason = scene.last_reason();
    assert!(reason.contains("Denied") && !reason.contains(through), "{reason}");
    let bad = scene.bad();
    assert!(bad.http.expect("counts").denied > 0 && bad.ledger.delivered == 0);
    assert_eq!((scene.forbidden.connections(), scene.backend.connections()), (0, 0));
}

fn finds_no_secrets(scene: &Scene) {
    let reason = scene.last_reason();
    assert_eq!(reason.split(' ').filter(|answer| *answer != "denied").count(), 0, "{reason}");
    assert_eq!(reason.split(' ').count(), 16, "{reason}");
    let http = scene.bad().http.expect("counts");
    assert!(http.denied >= 16 && http.requests == 0, "{http:?}");
    assert_eq!((scene.backend.connections(), scene.forbidden.connections()), (0, 0));
}

/// A name that the operator granted leads to this machine itself: nothing is connected to.
fn is_not_led_inside(scene: &Scene) {
    let reason = scene.last_reason();
    assert!(matches!(reason.as_str(), "denied" | "dns"), "{reason}");
    assert_eq!(scene.backend.connections(), 0);
}

fn follows_nowhere(scene: &Scene) {
    assert_eq!(scene.last_reason(), "302 302");
    let heads: HashSet<_> = scene.backend.messages().into_iter().filter_map(|message| first_line(&message)).collect();
    assert_eq!(heads, HashSet::from(["POST /home HTTP/1.1".to_owned(), "POST /away HTTP/1.1".to_owned()]));
}

fn first_line(message: &wire::Message) -> Option<String> {
    message.head.lines().next().map(str::to_owned)
}

fn smuggles_nothing(scene: &Scene) {
    assert_eq!(scene.last_reason(), "tried everything: ");
    let seen = scene.backend.messages();
    assert!(seen.is_empty() && scene.backend.connections() == 0, "{seen:?}");
}

const CANARY: &str = "canary-4f1d0c";

/// The backend it is bound to gets the secret; nobody else does, the guest included.
fn learns_nothing(scene: &Scene) {
    let reason = scene.last_reason();
    assert!(reason.starts_with("[] [] [] false fished: [(\"x-said\""), "{reason}");
    let said = wait_until("a request", || scene.backend.messages().into_iter().next());
    assert_eq!(said.header("authorization"), Some("Bearer canary-4f1d0c"));
    assert_eq!(scene.forbidden.connections(), 0);
    for text in [reason, scene.page("/status"), scene.page("/metrics")] {
        assert!(!text.contains(CANARY), "{text}");
    }
}

fn nothing_was_told(scene: &Scene) {
    assert!(!scene.lines.all().iter().any(|line| line.contains(CANARY)));
}

/// The name of every span that is offered.
const NAME: &[u8] = b"GET /cart";

/// It reads whatever there is to read; the ids are there, the name is not.
fn is_shown_no_name(scene: &Scene) {
    let bodies = wait_until("every payload", || {
        let bodies: Vec<_> = scene.backend.messages().into_iter().map(|message| message.body).collect();
        (bodies.len() >= 5).then_some(bodies)
    });
    let holds = |needle: &[u8]| bodies.iter().any(|body| body.windows(needle.len()).any(|window| window == needle));
    assert!(holds(&[7; 16]) && holds(b"resourceSpans") && !holds(NAME));
}

fn no_name_was_told(scene: &Scene) {
    let is_name = |text: &str| text.as_bytes().windows(NAME.len()).any(|window| window == NAME);
    assert!(!scene.lines.all().iter().any(|line| is_name(line)));
}

/// The call comes to an end, and so does the connection.
fn gives_up(scene: &Scene, word: &str) {
    assert_eq!(scene.last_reason(), word);
    // The next request may be on its way already: at most the one.
    wait_until("connections to be closed", || (scene.backend.open() <= 1).then_some(()));
    assert!(scene.backend.connections() > 0 && scene.bad().faults.is_empty());
}

fn has_nothing_in_flight(scene: &Scene) {
    scene.wait_for("requests to end", |bad| bad.http.as_ref().is_some_and(|http| http.in_flight == 0));
    wait_until("connections to be closed", || (scene.backend.open() == 0).then_some(()));
}

fn is_cut_at_four_mebibytes(scene: &Scene) {
    gives_up(scene, "response-too-large");
    // What the guest's host took, and what lay in the buffers of both ends.
    let each = scene.backend.bytes_out() / scene.backend.connections();
    assert!(each < 16 << 20, "{each} bytes for each request");
    // What was read in vain is paid once the request has ended.
    scene.wait_for("the fuel for what was read", |bad| {
        let read = bad.http.as_ref().map_or(0, |http| http.bytes_in);
        read > 4 << 20 && bad.cost.as_ref().is_some_and(|cost| cost.fuel >= 10 * read)
    });
}

/// Nobody inflates what the guest was sent: it gets some kilobytes.
fn gets_it_as_it_came(scene: &Scene) {
    let bad = scene.wait_for("an answer", |bad| bad.ledger.delivered > 0);
    let http = bad.http.expect("counts");
    assert!(http.bytes_in / http.requests.max(1) < 1 << 20, "{http:?}");
}

/// "At once" is when the back-off says, and for ever is until a row is too old.
fn is_held_back_and_given_up(scene: &Scene) {
    let bad = scene.settle();
    let (calls, rows) = (bad.attempts.retry_after, bad.ledger.accepted);
    assert_eq!((bad.ledger.delivered, bad.ledger.dropped.values().sum()), (0, rows), "{:?}", bad.ledger);
    assert_eq!(bad.ledger.dropped.len(), 1, "all of them for the same reason: {:?}", bad.ledger);
    // 128 rows in a batch, and in half a second no batch is tried oftener than a few times.
    assert!(calls <= 20 * (rows / 25 + 1), "{calls} calls for {rows} rows");
}

/// It is taken at its word; that it sent nothing is counted.
fn is_believed_and_noted(scene: &Scene) {
    let bad = scene.settle();
    assert_eq!(bad.ledger.delivered, bad.ledger.accepted);
    let http = bad.http.expect("counts");
    assert!(http.requests == 0 && http.accepted_unsent > 0, "{http:?}");
    let series = "spangate_exporter_http_accepted_unsent_total{exporter=\"bad\"} ";
    let page = scene.page("/metrics");
    assert!(page.lines().any(|line| line.strip_prefix(series).is_some_and(|count| count != "0")), "{page}");
}

fn keeps_the_batchs_id(scene: &Scene) {
    let bad = scene.settle();
    assert_eq!((bad.ledger.delivered, bad.ledger.dropped.len()), (bad.ledger.accepted, 0));
    let mut tries: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    for message in scene.backend.messages() {
        let key = message.header("idempotency-key").expect("an id").to_owned();
        tries.entry(key).or_default().push(message.body);
    }
    let (first, _) = tries.iter().next().expect("requests");
    assert_eq!(first.len(), 32, "{first}");
    for (key, bodies) in &tries {
        assert_eq!(bodies.len(), 2, "{key}: 503 once, and then 200");
        assert_ne!(bodies[0], bodies[1], "{key}");
    }
}
