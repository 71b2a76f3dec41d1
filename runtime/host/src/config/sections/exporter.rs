//! `[exporters.NAME]`

use std::{collections::BTreeSet, time::Duration};

use super::{
    super::{
        model::{BatchLimits, Component, DeadLetter, Exporter, Limits, Queue, Retry, Subscribe, WhenFull},
        reader::{Node, Table},
        shapes::{boolean, bytes, duration, existing_file, integer, list, number, one_word, path, string},
        source::Complaint,
        suggest::{nearest, one_of},
    },
    free, grants, select,
};

const WHEN_FULL: [(&str, WhenFull); 3] =
    [("drop_newest", WhenFull::DropNewest), ("drop_oldest", WhenFull::DropOldest), ("refuse", WhenFull::Refuse)];

/// For programs that embed spangate.
const NO_BUILTINS: &str = "this program carries no components: turn on the feature `builtin` of the crate spangate, or hand them \
     over with `RuntimeBuilder::builtin`";

/// What other tables say that an exporter's has to agree with.
pub(super) struct Neighbours<'n> {
    pub(super) batch: &'n BatchLimits,
    /// Headers that receivers copy.
    pub(super) metadata: BTreeSet<String>,
}

/// Reads one exporter; None if it has no usable component.
pub(super) fn exporter(table: &mut Table<'_>, neighbours: &Neighbours<'_>) -> Option<Exporter> {
    const HELP: &str = "write `component = \"builtin:NAME\"`, or the path of a component";
    let component = table.required("component", HELP, component);
    let default = Exporter::new(Component::Builtin(String::new()));
    let required = table.or("required", default.required, boolean);
    let exporter = Exporter {
        digest: table.optional("digest", digest),
        required,
        concurrency: table.or("concurrency", default.concurrency, integer(1..=64)),
        subscribe: table.section("subscribe", subscribe),
        queue: table.section("queue", |table| queue(table, required, neighbours.batch)),
        retry: table.section("retry", retry),
        dead_letter: table.optional_section("dead_letter", dead_letter).flatten(),
        limits: table.section("limits", limits),
        grants: table.section("grants", |table| grants::grants(table, &neighbours.metadata)),
        select: table.section("select", select::select),
        settings: table.section("settings", free::settings),
        ..default
    };
    Some(Exporter { component: component?, ..exporter })
}

fn component(node: &Node<'_>) -> Option<Component> {
    let text = string(node)?;
    let builtins = node.reader.surroundings.builtins;
    if let Some(name) = text.strip_prefix("builtin:") {
        let is_brought = node.reader.embedding.is_some_and(|embedding| (embedding.is_builtin)(name));
        if is_brought || builtins.contains(&name) {
            return Some(Component::Builtin(name.to_owned()));
        }
        let complaint = Complaint::new(format!("{} is not built in", node.found()));
        let near = nearest(name, builtins.iter().copied()).map(|near| format!("did you mean \"builtin:{near}\"?"));
        if builtins.is_empty() {
            node.refuse(complaint.help(NO_BUILTINS));
            return None;
        }
        let help = near.or_else(|| Some("a file is named by its path, as in \"exporters/billing.wasm\"".into()));
        node.refuse(Complaint { help, ..complaint.allowed(one_of(builtins)) });
        return None;
    }
    if let Some(name) = builtins.iter().find(|name| **name == text) {
        let complaint = Complaint::new(format!("{} is not a path", node.found()));
        node.refuse(complaint.help(format!("did you mean \"builtin:{name}\"?")));
        return None;
    }
    existing_file(node).map(Component::File)
}

fn digest(node: &Node<'_>) -> Option<[u8; 32]> {
    let text = string(node)?;
    let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64 && digits.is_ascii());
    let digest = digits.and_then(|digits| {
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(digest)
    });
    if digest.is_none() {
        let complaint = Complaint::new(format!("{} is not a digest", node.found()));
        let help = "`spangate inspect COMPONENT` prints it";
        node.refuse(complaint.allowed("sha256: and 64 hexadecimal digits").help(help));
    }
    digest
}

fn subscribe(table: &mut Table<'_>) -> Subscribe {
    Subscribe {
        spans: table.optional("spans", boolean),
        started_spans: table.optional("started_spans", boolean),
        events: table.optional("events", list("event names", 1024, string)),
    }
}

fn queue(table: &mut Table<'_>, required: bool, batch: &BatchLimits) -> Queue {
    let default = Queue::default();
    let when_full = table.optional("when_full", one_word(&WHEN_FULL));
    if when_full == Some(WhenFull::Refuse)
        && !required
        && let Some(node) = table.node("when_full")
    {
        let complaint = Complaint::new("only a required exporter may push back on senders");
        node.refuse(complaint.allowed("drop_newest or drop_oldest").help("or set `required = true` for this exporter"));
    }
    let unless_set = if required { WhenFull::Refuse } else { default.when_full };
    Queue {
        max_queue_size: table.or("max_queue_size", default.max_queue_size, integer(1..=100_000_000)),
        max_queue_bytes: table.or("max_queue_bytes", default.max_queue_bytes, bytes(1 << 10..=64 << 30)),
        when_full: when_full.unwrap_or(unless_set),
        max_export_batch_size: table
            .optional("max_export_batch_size", narrower(batch.max_export_batch_size, integer(1..=1_000_000))),
        max_export_batch_bytes: table
            .optional("max_export_batch_bytes", narrower(batch.max_export_batch_bytes, bytes(1 << 10..=256 << 20))),
    }
}

/// Batches are cut once for all exporters: one of them can only ask for less.
fn narrower(most: usize, shape: impl Fn(&Node<'_>) -> Option<usize>) -> impl Fn(&Node<'_>) -> Option<usize> {
    move |node| {
        let value = shape(node)?;
        if value > most {
            let complaint = Complaint::new(format!("{} is more than that of `[batch]`, which is {most}", node.found()));
            node.refuse(complaint.help("an exporter can only ask for smaller batches; raise the one in `[batch]`"));
        }
        Some(value)
    }
}

fn retry(table: &mut Table<'_>) -> Retry {
    let default = Retry::default();
    let delay = Duration::from_millis(1)..=Duration::from_secs(3600);
    let pause = Duration::from_millis(100)..=Duration::from_secs(3600);
    let age = Duration::from_millis(1)..=Duration::from_secs(7 * 24 * 3600);
    let retry = Retry {
        initial: table.or("initial", default.initial, duration(delay.clone())),
        max: table.or("max", default.max, duration(delay)),
        max_age: table.or("max_age", default.max_age, duration(age)),
        pause: table.or("pause", default.pause, duration(pause)),
    };
    if retry.initial > retry.max
        && let Some(node) = table.node("initial").or_else(|| table.node("max"))
    {
        let complaint = Complaint::new(format!(
            "the first delay ({:?}) is longer than the longest ({:?})",
            retry.initial, retry.max
        ));
        node.refuse(complaint.help("let `initial` be no more than `max`"));
    }
    retry
}

/// None without a place for it, which is an error.
fn dead_letter(table: &mut Table<'_>) -> Option<DeadLetter> {
    const HELP: &str = "name the folder that is to keep them: `dir = \"dead_letters\"`";
    let dir = table.required("dir", HELP, path);
    let max_size = table.or("max_size", 64 << 20, bytes(1 << 10..=1 << 40));
    Some(DeadLetter { dir: dir?, max_size })
}

fn limits(table: &mut Table<'_>) -> Limits {
    let default = Limits::default();
    let deadline = Duration::from_millis(1)..=Duration::from_secs(600);
    Limits {
        fuel_per_batch: table.or("fuel_per_batch", default.fuel_per_batch, integer(10_000..=1_000_000_000_000_000)),
        memory: table.or("memory", default.memory, bytes(64 << 10..=4 << 30)),
        deadline: table.or("deadline", default.deadline, duration(deadline)),
        cpu_share: table.or("cpu_share", default.cpu_share, number(0.001..=64.0)),
        weight: table.or("weight", default.weight, integer(1..=10_000)),
        log_lines_per_second: table.or("log_lines_per_second", default.log_lines_per_second, integer(0..=100_000)),
        log_line_bytes: table.or("log_line_bytes", default.log_line_bytes, bytes(16..=1 << 20)),
        metric_series: table.or("metric_series", default.metric_series, integer(0..=100_000)),
    }
}
