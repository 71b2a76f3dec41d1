//! `spangate check`: every error of a configuration at once, the components' own included.

use std::sync::Arc;

use anyhow::Result;
use spangate::{
    config::{Document, Problem},
    sandbox::Description,
    telemetry::{Level, Log, LogSink},
};

use crate::{
    args::CheckArgs,
    config_file,
    exit::Exit,
    listing::{self, Line},
    loading, narrowing,
    paint::{self, Paint},
    receiver_files,
    stderr_log::StderrLog,
    stdout_sink,
    table::PAGE,
};

pub(crate) fn check(args: &CheckArgs) -> Result<Exit> {
    let document = match config_file::read(&args.config) {
        Ok(document) => document,
        Err(exit) => return Ok(exit),
    };
    let log = StderrLog::start(Level::Info, paint::stderr(), document.config.secrets.clone())?;
    let loaded = loading::load_all(&document, &Log::new(Arc::clone(&log) as Arc<dyn LogSink>));
    log.finish();
    let loaded = loaded?;
    let (unusable, warnings) = receiver_files::check(&document);
    let (keyless, more_warnings) = narrowing::check(&document);
    let found = loaded.problems.into_iter().chain(unusable).chain(keyless);
    let problems = sorted(no_receiver(&document), found.collect());
    for warning in warnings.into_iter().chain(more_warnings) {
        let warning = document.config.secrets.redact(&warning);
        eprintln!("{} {warning}", paint::stderr().yellow("warning:"));
    }
    if problems.is_empty() {
        let page = stdout_sink::width().unwrap_or(PAGE);
        stdout_sink::print(&text(&document, &loaded.described, page, paint::stdout()));
        return Ok(Exit::Success);
    }
    config_file::print(&problems);
    Ok(Exit::Usage)
}

fn sorted(mut problems: Vec<Problem>, more: Vec<Problem>) -> Vec<Problem> {
    problems.extend(more);
    problems.sort_by_key(|problem| problem.place.unwrap_or((usize::MAX, 0)));
    problems
}

/// Fine for a program that records its own spans, useless for the command line.
pub(crate) fn no_receiver(document: &Document) -> Vec<Problem> {
    let receivers = &document.config.receivers;
    if receivers.otlp_http.is_some() || receivers.otlp_grpc.is_some() {
        return Vec::new();
    }
    let help = "add a line `[receivers.otlp_http]` or `[receivers.otlp_grpc]`";
    vec![document.problem("receivers", "there is no receiver: no span would ever come in", Some(help))]
}

fn text(document: &Document, described: &[(String, Description)], page: usize, paint: Paint) -> String {
    let config = &document.config;
    let mut text = format!("{} {}\n\n", document.file(), paint.green("is right"));
    text += &listing::listeners(&listing::configured(config, |name| listing::address(config, name)));
    text.push('\n');
    let lines: Vec<_> = described.iter().map(|(name, said)| line(name, said)).collect();
    text += &listing::exporters(config, &lines, page, paint);
    match narrowing::text(config, page, paint) {
        nothing if nothing.is_empty() => text,
        narrowed => format!("{text}\nnot everything is shown to\n\n{narrowed}"),
    }
}

fn line(name: &str, said: &Description) -> Line {
    Line { name: name.to_owned(), version: said.version.clone(), signals: Some(said.signals.clone()) }
}
