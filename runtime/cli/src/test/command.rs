//! What `spangate test` does.

use anyhow::{Context, Result};
use bytes::Bytes;
use spangate::sandbox::LoadError;

use super::{
    answer::Answer,
    examine::examine,
    report::{self, Subject},
    stage::Stage,
};
use crate::{args::TestArgs, component_file, exit::Exit, paint, stdout_sink, trial::read_settings};

pub(crate) fn test(args: &TestArgs) -> Result<Exit> {
    let bytes = Bytes::from(component_file::read(&args.component)?);
    let settings = match read_settings(args.settings.as_deref()) {
        Ok(settings) => settings,
        Err(error) => return Ok(wrong_usage(&format!("{error:#}"))),
    };
    let answers = if args.answer.is_empty() { Answer::usual() } else { args.answer.clone() };
    let stage = Stage::new(args, bytes, settings, Answer::Status(200, String::new()))?;
    let cannot_load = || format!("{} cannot be loaded", args.component);
    let exporter = match stage.load() {
        Ok(exporter) => exporter,
        Err(LoadError::Settings(errors)) => {
            let errors: String = errors.iter().map(|error| format!("\n  {error}")).collect();
            let given = if args.settings.is_some() { "these settings" } else { "to run without settings" };
            return Ok(wrong_usage(&format!(
                "{} refuses {given}:{errors}\ngive it others with --settings '{{\"key\": \"value\"}}'",
                args.component
            )));
        }
        Err(error) => return Err(error).with_context(cannot_load),
    };
    let said = exporter.description().clone();
    let examined = examine(&stage, exporter, &answers).with_context(cannot_load)?;
    let (lines, written) = (stage.watcher.lines(), stage.watcher.written());
    let subject =
        Subject { component: &args.component, said: &said, has_all_requests: args.requests, lines: &lines, written };
    stdout_sink::print(&report::render(&subject, &examined, paint::stdout()));
    Ok(if examined.findings.is_empty() { Exit::Success } else { Exit::Failure })
}

fn wrong_usage(what: &str) -> Exit {
    eprintln!("{} {what}", paint::stderr().red("error:"));
    Exit::Usage
}
