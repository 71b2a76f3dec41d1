//! Reads the configuration file that a command was given.

use std::path::Path;

use spangate::config::{self, Document, Problem, Surroundings};

use crate::{component_file::read_at_most, exit::Exit, paint};

/// Reads and checks `path`. Everything that is wrong is printed to standard error.
pub(crate) fn read(path: &Path) -> Result<Document, Exit> {
    let text = read_at_most(path, config::MAX_BYTES).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "\n = help: the README has one to begin with, and runtime/cli/examples/spangate.toml has every key"
            }
            _ => "",
        };
        let error = format!("cannot read the configuration: {error}\n--> {}{hint}", path.display());
        eprintln!("{} {error}", paint::stderr().red("error:"));
        Exit::Usage
    })?;
    let builtins: Vec<&str> = spangate_builtin::names().collect();
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings { file: path, builtins: &builtins, variable: &variable, is_file: &Path::is_file };
    config::parse(&text, &surroundings).map_err(|error| {
        print(&error.problems);
        Exit::Usage
    })
}

/// Prints problems to standard error, and how many there are.
pub(crate) fn print(problems: &[Problem]) {
    let paint = paint::stderr();
    for problem in problems {
        let text = problem.to_string();
        match text.split_once('\n') {
            Some((first, rest)) => {
                let message = first.strip_prefix("error: ").unwrap_or(first);
                eprintln!("{} {}\n{rest}\n", paint.red("error:"), paint.bold(message));
            }
            None => eprintln!("{text}\n"),
        }
    }
    let count = problems.len();
    eprintln!("{}", paint.red(&if count == 1 { "1 error".to_owned() } else { format!("{count} errors") }));
}
