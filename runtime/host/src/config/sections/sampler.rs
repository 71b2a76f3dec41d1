//! `[sampler]`

use super::super::{
    model::Sampler,
    reader::Table,
    shapes::{number, one_word},
    source::Complaint,
};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    AlwaysOn,
    AlwaysOff,
    TraceIdRatio,
    ParentBased,
    RateLimiting,
}

const KINDS: [(&str, Kind); 5] = [
    ("always_on", Kind::AlwaysOn),
    ("always_off", Kind::AlwaysOff),
    ("traceid_ratio", Kind::TraceIdRatio),
    ("parent_based", Kind::ParentBased),
    ("rate_limiting", Kind::RateLimiting),
];

/// Reads the sampler. Received spans are decided one by one and without a parent at hand, so that only some kinds fit.
pub(super) fn sampler(table: &mut Table<'_>, has_receivers: bool) -> Sampler {
    let kind = table.optional("kind", one_word(&KINDS));
    let is_wrong_kind = kind.is_none() && table.node("kind").is_some();
    let ratio = table.optional("ratio", number(0.0..=1.0));
    let traces_per_second = table.optional("traces_per_second", number(1e-6..=1e9));
    let initial_balance = table.optional("initial_balance", number(0.0..=1e9));
    if is_wrong_kind {
        return Sampler::AlwaysOn;
    }
    let kind = kind.unwrap_or(Kind::AlwaysOn);
    refuse_keys_of_other_kinds(table, kind);
    if has_receivers && matches!(kind, Kind::ParentBased | Kind::RateLimiting) {
        refuse_for_received_spans(table);
    }
    match kind {
        Kind::AlwaysOn => Sampler::AlwaysOn,
        Kind::AlwaysOff => Sampler::AlwaysOff,
        Kind::TraceIdRatio => Sampler::TraceIdRatio { ratio: needed(table, "ratio", ratio) },
        Kind::ParentBased => Sampler::ParentBased { ratio: ratio.unwrap_or(1.0) },
        Kind::RateLimiting => {
            let traces_per_second = needed(table, "traces_per_second", traces_per_second);
            Sampler::RateLimiting {
                traces_per_second,
                initial_balance: initial_balance.unwrap_or(traces_per_second.max(1.0)),
            }
        }
    }
}

fn needed(table: &mut Table<'_>, key: &'static str, value: Option<f64>) -> f64 {
    // a value that is there and wrong was reported already
    table.required(key, "this kind of sampler needs it, as in `ratio = 0.1`", |_| Some(())).and(value).unwrap_or(1.0)
}

fn refuse_keys_of_other_kinds(table: &mut Table<'_>, kind: Kind) {
    let wanted: &[&str] = match kind {
        Kind::AlwaysOn | Kind::AlwaysOff => &[],
        Kind::TraceIdRatio | Kind::ParentBased => &["ratio"],
        Kind::RateLimiting => &["traces_per_second", "initial_balance"],
    };
    for (key, of) in [
        ("ratio", "traceid_ratio or parent_based"),
        ("traces_per_second", "rate_limiting"),
        ("initial_balance", "rate_limiting"),
    ] {
        if let Some(node) = table.node(key).filter(|_| !wanted.contains(&key)) {
            let name = KINDS.iter().find(|(_, other)| *other == kind).map_or("", |(name, _)| name);
            let complaint = Complaint::new(format!("`{key}` has no meaning for the sampler {name}"));
            node.refuse(complaint.help(format!("it belongs to `kind`: {of}")));
        }
    }
}

fn refuse_for_received_spans(table: &mut Table<'_>) {
    if let Some(node) = table.node("kind") {
        let complaint = Complaint::new(format!("{} cannot decide about received spans", node.found()));
        let allowed = "always_on, always_off or traceid_ratio, as long as there are receivers";
        node.refuse(
            complaint.allowed(allowed).help("sample in the sender, or here by trace id: kind = \"traceid_ratio\""),
        );
    }
}
