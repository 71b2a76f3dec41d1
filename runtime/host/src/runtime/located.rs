//! Finds the place in the configuration's text of what only a start finds out: a component that does not load, settings
//! that a guest refuses, a port that is taken.

use super::error::{StartError, StartProblem};
use crate::{
    config::{Document, Problem},
    sandbox::LoadError,
};

/// The problems with their places, in the order of the text.
pub(super) fn locate(error: StartError, document: &Document) -> StartError {
    let mut located: Vec<Problem> = error.problems().iter().flat_map(|problem| places(problem, document)).collect();
    located.sort_by_key(|problem| problem.place.unwrap_or((usize::MAX, 0)));
    error.with_places(located)
}

fn places(problem: &StartProblem, document: &Document) -> Vec<Problem> {
    match problem {
        StartProblem::Load { exporter, error: LoadError::Settings(errors) } => {
            let place = |error: &crate::SettingError| {
                let dot = if error.path.is_empty() { "" } else { "." };
                let path = format!("exporters.{exporter}.settings{dot}{}", error.path);
                document.problem(&path, &format!("refused by the exporter: {}", error.message), None)
            };
            errors.iter().map(place).collect()
        }
        StartProblem::Load { exporter, error } => {
            let message = format!("the exporter {exporter} cannot be loaded: {error}");
            vec![document.problem(&format!("exporters.{exporter}.{}", key(error)), &message, None)]
        }
        StartProblem::Subscribe { exporter, message } => {
            // The message begins with the key below the exporter's table.
            let path = message.split([' ', ':']).next().unwrap_or("subscribe");
            vec![document.problem(&format!("exporters.{exporter}.{path}"), message, None)]
        }
        StartProblem::DuplicateName { exporter } => {
            vec![document.problem(&format!("exporters.{exporter}"), &problem.to_string(), None)]
        }
        StartProblem::Sampler { place, message } => {
            let mut problem = document.problem(place, message, None);
            match problem.place {
                Some(_) => {}
                // Not in the text.
                None if place.starts_with("OTEL_") => problem.file = "environment".to_owned(),
                None => problem.file = "code".to_owned(),
            }
            vec![problem]
        }
        #[cfg(feature = "receivers")]
        StartProblem::Bind(error) => vec![document.problem(&error.path(), &error.to_string(), None)],
        StartProblem::NotBuilt { table, .. } => vec![document.problem(table, &problem.to_string(), None)],
        StartProblem::Config(problem) => vec![problem.clone()],
        StartProblem::NoExporter => vec![document.problem("exporters", &problem.to_string(), None)],
        _ => vec![document.problem("", &problem.to_string(), None)],
    }
}

/// The key below an exporter's table that is to blame.
fn key(error: &LoadError) -> &'static str {
    match error {
        LoadError::NotGranted { .. } | LoadError::BadGrant(_) => "grants",
        LoadError::DigestMismatch { .. } => "digest",
        LoadError::OverLimit { .. } => "limits",
        _ => "component",
    }
}
