//! `spangate inspect`: what a component is, and what it would need to run.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spangate::{
    config::Secrets,
    sandbox::{Description, Import, Inspection, Need, inspect as look_at},
    telemetry::{Level, Log, LogSink},
};

use crate::{
    args::InspectArgs,
    component_file,
    exit::Exit,
    loading,
    paint::{self, Paint},
    stderr_log::StderrLog,
    stdout_sink,
    table::{PAGE, size},
};

/// Everything that is known about a component.
struct Seen<'a> {
    component: &'a str,
    digest: String,
    inspection: Inspection,
    description: Description,
}

pub(crate) fn inspect(args: &InspectArgs) -> Result<Exit> {
    let bytes = component_file::read(&args.component)?;
    let cannot_run = || format!("{} cannot run", args.component);
    let digest = digest(&bytes);
    let inspection = look_at(&bytes).with_context(cannot_run)?;
    let description = describe(&args.component, bytes).with_context(cannot_run)?;
    let seen = Seen { component: &args.component, digest, inspection, description };
    if args.json {
        stdout_sink::print(&format!("{:#}\n", seen.json()));
    } else {
        stdout_sink::print(&seen.text(stdout_sink::width().unwrap_or(PAGE), paint::stdout()));
    }
    Ok(Exit::Success)
}

/// Has the component say what it is, in a sandbox where nothing is granted.
fn describe(name: &str, bytes: Vec<u8>) -> Result<Description> {
    let log = StderrLog::start(Level::Info, paint::stderr(), Secrets::default())?;
    let described = loading::describe(name, bytes, Log::new(Arc::clone(&log) as Arc<dyn LogSink>));
    log.finish();
    described
}

fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

impl Seen<'_> {
    fn json(&self) -> Value {
        let (seen, said) = (&self.inspection, &self.description);
        let import = |import: &Import| match &import.need {
            Need::Always => json!({ "name": import.name, "need": "always" }),
            Need::EmptyWorld => json!({ "name": import.name, "need": "empty_world" }),
            Need::Grant(grant) => json!({ "name": import.name, "need": "grant", "grant": grant }),
            Need::Unknown { hint } => json!({ "name": import.name, "need": "unknown", "hint": hint }),
        };
        json!({
            "component": self.component,
            "digest": self.digest,
            "bytes": seen.component_bytes,
            "core_modules": seen.core_modules,
            "track": seen.track,
            "exports": seen.exports,
            "imports": seen.imports.iter().map(import).collect::<Vec<_>>(),
            "name": said.name,
            "version": said.version,
            "signals": said.signals.iter().map(|signal| signal.as_str()).collect::<Vec<_>>(),
            "event_names": said.event_names,
            "reads": said.reads,
            "max_batch_size": said.max_batch_size,
            "max_batch_bytes": said.max_batch_bytes,
            "tick_interval_ms": said.tick_interval.map(|interval| u64::try_from(interval.as_millis()).unwrap_or(u64::MAX)),
            "config": self.config(),
        })
    }

    fn text(&self, page: usize, paint: Paint) -> String {
        let (seen, said) = (&self.inspection, &self.description);
        let mut text = format!("{}\n\n", paint.bold(self.component));
        let mut line = |label: &str, value: &str| {
            text += &format!("  {}  {}\n", paint.dim(&format!("{label:<9}")), wrap(value, page, 13));
        };
        line("name", &format!("{} {}", said.name, said.version));
        line("contract", &format!("spangate:exporter, track {}", seen.track));
        line(
            "size",
            &format!("{} in {}", size(seen.component_bytes as u64), counted(seen.core_modules, "core module")),
        );
        line("digest", &self.digest);
        line("signals", &said.signals.iter().map(|signal| signal.as_str()).collect::<Vec<_>>().join(", "));
        if !said.event_names.is_empty() {
            line("events", &said.event_names.join(", "));
        }
        line("reads", &reads(&said.reads));
        if let Some(rows) = said.max_batch_size {
            line("at most", &format!("{rows} spans or events per batch"));
        }
        if let Some(bytes) = said.max_batch_bytes {
            line("at most", &format!("{} per batch", size(bytes.into())));
        }
        if let Some(interval) = said.tick_interval {
            line("ticks", &format!("every {interval:?}"));
        }
        text += &format!("\n{}\n\n", paint.bold("imports"));
        text += &self.imports(page, paint);
        text += &format!("\n{}\n\n", paint.bold("to run it"));
        text + &self.config().lines().map(|line| format!("  {line}\n")).collect::<String>()
    }

    fn imports(&self, page: usize, paint: Paint) -> String {
        let mut text = String::new();
        let imports = &self.inspection.imports;
        let widest =
            imports.iter().filter(|import| import.need != Need::EmptyWorld).map(|import| import.name.len()).max();
        for import in imports {
            let need = match &import.need {
                Need::Always => paint.dim("always there"),
                Need::Grant(_) => paint.yellow("needs a grant"),
                Need::Unknown { hint } => paint.red(&format!("cannot be had: {hint}")),
                Need::EmptyWorld => continue,
            };
            text += &format!("  {:<width$}  {need}\n", import.name, width = widest.unwrap_or(0));
        }
        let emptily: Vec<_> = imports.iter().filter(|import| import.need == Need::EmptyWorld).collect();
        if !emptily.is_empty() {
            let names: Vec<_> =
                emptily.iter().map(|import| import.name.split('@').next().unwrap_or_default()).collect();
            let count = emptily.len();
            let all = format!(
                "{count} of WASI, answered by a world without arguments, variables, files and sockets: {}",
                names.join(", ")
            );
            text += &format!("  {}\n", paint.dim(&wrap(&all, page, 2)));
        }
        if text.is_empty() { "  none\n".to_owned() } else { text }
    }

    /// The TOML that would run it.
    fn config(&self) -> String {
        let mut toml = format!("[exporters.NAME]\ncomponent = {}\n", Value::from(self.component));
        if !self.component.starts_with("builtin:") {
            toml += &format!("digest = \"{}\"\n", self.digest);
        }
        for import in &self.inspection.imports {
            toml += match import.need {
                Need::Grant("http") => "grants.http.allow = [\"https://HOST:PORT\"]\n",
                Need::Grant("terminal") => "grants.terminal = true\n",
                _ => "",
            };
        }
        toml
    }
}

/// Views by name, columns by how many there are of each interface.
fn reads(reads: &[String]) -> String {
    let mut columns = BTreeMap::<&str, usize>::new();
    let mut parts = Vec::new();
    for read in reads {
        match read.split_once('.') {
            Some((interface, _)) => *columns.entry(interface).or_default() += 1,
            None => parts.push(read.clone()),
        }
    }
    parts.extend(columns.iter().map(|(interface, count)| format!("{} of {interface}", counted(*count, "column"))));
    if parts.is_empty() { "it does not say".to_owned() } else { parts.join(", ") }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Breaks a text between words; the lines after the first start with `indent` spaces.
fn wrap(text: &str, page: usize, indent: usize) -> String {
    let (mut wrapped, mut column) = (String::new(), indent);
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > indent && column + 1 + length > page {
            wrapped += &format!("\n{}", " ".repeat(indent));
            column = indent;
        } else if column > indent {
            wrapped.push(' ');
            column += 1;
        }
        wrapped += word;
        column += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use spangate_core::signal::Signal;

    use super::*;

    fn seen() -> Seen<'static> {
        let import = |name: &str, need| Import { name: name.into(), need };
        let inspection = Inspection {
            track: "0.1".into(),
            signals: vec![Signal::Spans, Signal::Events],
            has_ticker: false,
            exports: vec!["spangate:exporter/lifecycle@0.1.0".into()],
            imports: vec![
                import("spangate:exporter/batch@0.1.0", Need::Always),
                import("spangate:exporter/http@0.1.0", Need::Grant("http")),
                import("wasi:cli/environment@0.2.3", Need::EmptyWorld),
                import("wasi:sockets/tcp@0.2.0", Need::Unknown { hint: "use http".into() }),
            ],
            component_bytes: 100 << 10,
            core_modules: 3,
        };
        let description = Description {
            name: "billing".into(),
            version: "1.2.0".into(),
            signals: vec![Signal::Spans],
            reads: vec!["otlp".into(), "spans.names".into(), "spans.kinds".into()],
            max_batch_size: Some(100),
            ..Description::default()
        };
        Seen { component: "exporters/billing.wasm", digest: digest(b""), inspection, description }
    }

    #[test]
    fn a_component_is_shown_with_what_it_needs() {
        let expected = r#"exporters/billing.wasm

  name       billing 1.2.0
  contract   spangate:exporter, track 0.1
  size       100 KiB in 3 core modules
  digest     sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  signals    spans
  reads      otlp, 2 columns of spans
  at most    100 spans or events per batch

imports

  spangate:exporter/batch@0.1.0  always there
  spangate:exporter/http@0.1.0   needs a grant
  wasi:sockets/tcp@0.2.0         cannot be had: use http
  1 of WASI, answered by a world without arguments, variables, files and
  sockets: wasi:cli/environment

to run it

  [exporters.NAME]
  component = "exporters/billing.wasm"
  digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  grants.http.allow = ["https://HOST:PORT"]
"#;
        assert_eq!(seen().text(PAGE, Paint::off()), expected);
    }

    #[test]
    fn the_document_says_the_same() {
        let document = seen().json();
        assert_eq!(
            document["imports"][1],
            json!({ "name": "spangate:exporter/http@0.1.0", "need": "grant", "grant": "http" })
        );
        assert_eq!(document["signals"], json!(["spans"]));
        assert!(document["config"].as_str().is_some_and(|config| config.contains("grants.http.allow")));
    }
}
