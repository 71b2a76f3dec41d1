//! Why a runtime did not start: everything that is wrong, told at once.

use std::fmt;

/// Every problem that was found. Nothing was started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct StartError {
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Key path of the configuration's table that it is about: `exporters.billing`, `receivers.otlp_http`.
    pub table: String,
    /// What was found, what is allowed, what to do.
    pub message: String,
}

impl StartError {
    /// Every problem, at least one, in the order of the configuration.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.table, self.message)
    }
}

/// Collects problems, so that all of them are told and not only the first.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, table: impl Into<String>, message: impl fmt::Display) {
        self.0.push(Problem { table: table.into(), message: message.to_string() });
    }

    /// Keeps the value; notes the error.
    pub(crate) fn take<T, E: fmt::Display>(&mut self, table: &str, result: Result<T, E>) -> Option<T> {
        result.inspect_err(|error| self.add(table, error)).ok()
    }

    pub(crate) fn into_result(self) -> Result<(), StartError> {
        if self.0.is_empty() { Ok(()) } else { Err(StartError { problems: self.0 }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told_on_a_line_of_its_own() {
        let mut problems = Problems::default();
        assert_eq!(problems.take("exporters.a", Ok::<_, String>(1)), Some(1));
        problems.add("exporters.b", "no such component");
        problems.add("receivers.otlp_http", "the port is in use");
        let error = problems.into_result().expect_err("two problems");
        assert_eq!(error.to_string(), "exporters.b: no such component\nreceivers.otlp_http: the port is in use");
        assert_eq!(error.problems().len(), 2);
    }
}
