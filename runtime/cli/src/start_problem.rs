//! Why a runtime did not start, told at the place in the configuration.

use std::sync::Arc;

use anyhow::Result;
use spangate::{
    StartError, StartProblem,
    config::{Document, Problem},
    telemetry::{Level, Log, LogSink},
};

use crate::{config_file, exit::Exit, load_problem, loading, paint, stderr_log::StderrLog};

/// Prints every problem, and says how to exit: 2 if the configuration is to blame, 1 if it is the machine.
pub(crate) fn tell(document: &Document, error: &StartError) -> Result<Exit> {
    let problems: Vec<Problem> = error.problems().iter().flat_map(|problem| told(document, problem)).collect();
    let is_load = |problem: &StartProblem| matches!(problem, StartProblem::Load { .. });
    let mut all = problems;
    if error.problems().iter().any(is_load) {
        // loading again one by one finds what the first error of each exporter hid
        let log = StderrLog::start(Level::Error, paint::stderr(), document.config.secrets.clone())?;
        let loaded = loading::load_all(document, &Log::new(Arc::clone(&log) as Arc<dyn LogSink>));
        log.finish();
        let others = error.problems().iter().filter(|problem| !is_load(problem));
        if let Ok(loaded) = loaded
            && !loaded.problems.is_empty()
        {
            all = others.flat_map(|problem| told(document, problem)).chain(loaded.problems).collect();
        }
    }
    all.sort_by_key(|problem| problem.place.unwrap_or((usize::MAX, 0)));
    config_file::print(&all);
    let is_machine = |problem: &StartProblem| {
        use StartProblem::{Bind, Sandbox, Threads, TimedOut};
        match problem {
            Bind(error) => !error.is_of_configuration(),
            problem => matches!(problem, Sandbox(_) | Threads(_) | TimedOut { .. }),
        }
    };
    Ok(if error.problems().iter().all(is_machine) { Exit::Failure } else { Exit::Usage })
}

fn told(document: &Document, problem: &StartProblem) -> Vec<Problem> {
    let at = |path: &str, message: &str, help| vec![document.problem(path, message, help)];
    let message = problem.to_string();
    match problem {
        StartProblem::Load { exporter, error } => load_problem::of_loading(document, exporter, error),
        StartProblem::Subscribe { exporter, message } => {
            at(&format!("exporters.{exporter}.subscribe"), &format!("exporters.{exporter}.{message}"), None)
        }
        StartProblem::Sampler { .. } => at("sampler.kind", &message, None),
        StartProblem::Bind(error) => at(&error.path(), &message, None),
        _ => at("", &message, None),
    }
}
