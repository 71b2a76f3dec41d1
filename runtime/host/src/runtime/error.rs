//! Why a runtime did not start: everything that is wrong, told at once.

use std::{fmt, io, time::Duration};

use crate::{
    receiver::BindError,
    sandbox::{LoadError, SandboxError},
};

/// Every problem that was found. Nothing is running.
#[derive(Debug, thiserror::Error)]
pub struct StartError {
    problems: Vec<StartProblem>,
}

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartProblem {
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
    #[error("sampler: {message}")]
    Sampler {
        /// What it can do.
        message: &'static str,
    },
    /// A port cannot be had.
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
}

impl From<StartProblem> for StartError {
    fn from(problem: StartProblem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// One line per problem.
impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

    pub(super) fn into_result(self) -> Result<(), StartError> {
        if self.0.is_empty() { Ok(()) } else { Err(StartError { problems: self.0 }) }
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
