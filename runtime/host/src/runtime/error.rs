//! Why a runtime did not start: everything that is wrong, told at once.

use std::{fmt, io, path::PathBuf, time::Duration};

#[cfg(feature = "receivers")]
use crate::receiver::BindError;
use crate::{
    config::{ConfigError, Problem},
    sandbox::{LoadError, SandboxError},
};

/// Every problem that was found. Nothing is running.
///
/// Shown, it has one paragraph for each problem with the place in the configuration's text, or one line for each where
/// there is no text. It is shown for debugging in the same words, because that is what a `main` prints that returns it.
#[derive(thiserror::Error)]
pub struct StartError {
    problems: Vec<StartProblem>,
    /// The same, as they are shown; empty where there is no text.
    places: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartProblem {
    /// The configuration cannot be read.
    #[error("cannot read the configuration {}: {error}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What is in the way.
        error: io::Error,
    },
    /// The configuration, or a variable that was read, is wrong.
    #[error("{}{}{}", .0.path, if .0.path.is_empty() { "" } else { ": " }, .0.message)]
    Config(Problem),
    /// There is nothing to deliver to.
    #[error("there is no exporter; add a table such as `[exporters.NAME]`, or one with `RuntimeBuilder::exporter`")]
    NoExporter,
    /// An exporter's component cannot be had or loaded.
    #[error("exporters.{exporter}: {error}")]
    Load {
        /// Its name.
        exporter: String,
        /// Why.
        error: LoadError,
    },
    /// An exporter cannot be fed as the configuration says.
    #[error("exporters.{exporter}.{message}")]
    Subscribe {
        /// Its name.
        exporter: String,
        /// The key below the exporter's table, and what is wrong with it.
        message: String,
    },
    /// Two exporters of one name.
    #[error("exporters.{exporter}: the name is taken by another exporter; choose another")]
    DuplicateName {
        /// The name.
        exporter: String,
    },
    /// The sampler cannot judge received spans.
    #[error("{place}: {message}")]
    Sampler {
        /// Where it was chosen: `sampler.kind` of the configuration, `OTEL_TRACES_SAMPLER`, or the program itself.
        place: &'static str,
        /// What it can do.
        message: &'static str,
    },
    /// The configuration wants a part that this program was built without.
    #[error(
        "[{table}] needs the cargo feature `{feature}` of the crate spangate, which this program was built without"
    )]
    NotBuilt {
        /// The table of the configuration.
        table: String,
        /// The feature.
        feature: &'static str,
    },
    /// A port cannot be had.
    #[cfg(feature = "receivers")]
    #[error(transparent)]
    Bind(#[from] BindError),
    /// There is no sandbox.
    #[error("sandbox: {0}")]
    Sandbox(#[from] SandboxError),
    /// There are no threads.
    #[error("cannot start the I/O threads: {0}")]
    Threads(#[source] io::Error),
    /// Starting took too long.
    #[error("{what} took longer than {limit:?}")]
    TimedOut {
        /// What did.
        what: &'static str,
        /// What it may take.
        limit: Duration,
    },
}

impl StartError {
    /// Every problem, at least one.
    pub fn problems(&self) -> &[StartProblem] {
        &self.problems
    }

    pub(super) fn of_config(problems: Vec<Problem>) -> Self {
        Self { problems: problems.iter().cloned().map(StartProblem::Config).collect(), places: problems }
    }

    /// The error, and what is wrong elsewhere.
    pub(super) fn and(mut self, others: &[Problem]) -> Self {
        self.problems.extend(others.iter().cloned().map(StartProblem::Config));
        if !self.places.is_empty() {
            self.places.extend_from_slice(others);
        }
        self
    }

    pub(super) fn unreadable(file: PathBuf, error: io::Error) -> Self {
        StartProblem::Unreadable { file, error }.into()
    }

    pub(super) fn with_places(self, places: Vec<Problem>) -> Self {
        Self { places, ..self }
    }
}

impl From<StartProblem> for StartError {
    fn from(problem: StartProblem) -> Self {
        Self { problems: vec![problem], places: Vec::new() }
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::of_config(error.problems)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.places.is_empty() {
            return write!(f, "the runtime does not start\n\n{}", ConfigError { problems: self.places.clone() });
        }
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

/// Collects problems, so that all of them are told and not only the first.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<StartProblem>);

impl Problems {
    pub(super) fn add(&mut self, problem: impl Into<StartProblem>) {
        self.0.push(problem.into());
    }

    /// Keys of one exporter, each with what is wrong.
    pub(super) fn add_all(&mut self, exporter: &str, messages: Vec<String>) {
        let problem = |message| StartProblem::Subscribe { exporter: exporter.to_owned(), message };
        self.0.extend(messages.into_iter().map(problem));
    }

    pub(super) fn into_result(self) -> Result<(), StartError> {
        if self.0.is_empty() { Ok(()) } else { Err(StartError { problems: self.0, places: Vec::new() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told_on_a_line_of_its_own() {
        let mut problems = Problems::default();
        problems.add(StartProblem::Load { exporter: "a".to_owned(), error: LoadError::NoSignal });
        problems.add(StartProblem::DuplicateName { exporter: "b".to_owned() });
        let error = problems.into_result().expect_err("two problems");
        assert_eq!(error.problems().len(), 2);
        let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
        assert!(lines[0].starts_with("exporters.a: component exports none of"), "{lines:?}");
        assert!(lines[1].starts_with("exporters.b: the name is taken"), "{lines:?}");
    }
}
