//! Errors of loading, told at their place in the configuration.

use spangate::{
    config::{Document, Exporter, Problem},
    sandbox::{Description, LoadError, Need, SettingError, inspect},
};
use spangate_core::signal::Signal;

/// What is wrong with the exporter `name`, whose component could not be loaded.
pub(crate) fn of_loading(document: &Document, name: &str, error: &LoadError) -> Vec<Problem> {
    let at = |key: &str, help: Option<&str>| {
        let message = format!("the exporter {name} cannot be loaded: {error}");
        vec![document.problem(&format!("exporters.{name}.{key}"), &message, help)]
    };
    match error {
        LoadError::Settings(errors) => {
            let problem = |error: &SettingError| {
                let dot = if error.path.is_empty() { "" } else { "." };
                let path = format!("exporters.{name}.settings{dot}{}", error.path);
                document.problem(&path, &format!("refused by the exporter: {}", error.message), None)
            };
            errors.iter().map(problem).collect()
        }
        LoadError::NotGranted { import, .. } => vec![not_granted(document, name, import, "")],
        LoadError::BadGrant(reasons) => {
            let problem = |reason: &String| document.problem(&format!("exporters.{name}.grants"), reason, None);
            reasons.iter().map(problem).collect()
        }
        LoadError::DigestMismatch { .. } => {
            at("digest", Some("if the new component is the one you want, change the digest"))
        }
        LoadError::OverLimit { .. } => at("limits", None),
        _ => at("component", Some("`spangate inspect COMPONENT` shows what it is")),
    }
}

/// Every import that is not granted, with the lines that would grant it.
pub(crate) fn of_grants(document: &Document, name: &str, exporter: &Exporter, bytes: &[u8]) -> Vec<Problem> {
    let Ok(seen) = inspect(bytes) else { return Vec::new() };
    let missing = seen.imports.iter().filter_map(|import| match import.need {
        Need::Grant("http") if exporter.grants.http.is_none() => {
            Some((import, format!("grants.http.allow = [\"https://HOST:PORT\"] in [exporters.{name}]")))
        }
        Need::Grant("terminal") if !exporter.grants.terminal => {
            Some((import, format!("grants.terminal = true in [exporters.{name}]")))
        }
        _ => None,
    });
    missing.map(|(import, remedy)| not_granted(document, name, &import.name, &remedy)).collect()
}

fn not_granted(document: &Document, name: &str, import: &str, remedy: &str) -> Problem {
    let message = format!("the exporter {name} imports `{}`, which is not granted", import.escape_debug());
    let help = (!remedy.is_empty()).then(|| format!("to grant it, write {remedy}"));
    document.problem(&format!("exporters.{name}.grants"), &message, help.as_deref())
}

/// What the configuration wants of an exporter that the exporter does not offer.
pub(crate) fn of_subscription(
    document: &Document,
    name: &str,
    exporter: &Exporter,
    description: &Description,
) -> Vec<Problem> {
    let subscribe = &exporter.subscribe;
    let wants_events = subscribe.events.as_ref().map(|names| !names.is_empty());
    let wanted = [
        (Signal::Spans, "spans", subscribe.spans),
        (Signal::StartedSpans, "started_spans", subscribe.started_spans),
        (Signal::Events, "events", wants_events),
    ];
    let takes = |signal| description.signals.contains(&signal);
    let unmet = wanted.iter().filter(|(signal, _, wanted)| *wanted == Some(true) && !takes(*signal));
    let mut problems: Vec<_> = unmet
        .map(|(signal, key, _)| {
            let message = format!("the exporter {name} takes no {signal}");
            document.problem(
                &format!("exporters.{name}.subscribe.{key}"),
                &message,
                Some("subscribe narrows, it never widens"),
            )
        })
        .collect();
    if description
        .signals
        .iter()
        .all(|taken| wanted.iter().any(|(signal, _, wanted)| signal == taken && *wanted == Some(false)))
    {
        let message = format!("the exporter {name} is left without anything to export");
        problems.push(document.problem(&format!("exporters.{name}.subscribe"), &message, None));
    }
    problems
}
