//! What `spangate new` does.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{folder, name::Name, sdk, template::Template};
use crate::{
    args::{Language, NewArgs},
    exit::Exit,
    paint::{self, Paint},
    stdout_sink,
};

pub(crate) fn new(args: &NewArgs) -> Result<Exit> {
    let project = match plan(args) {
        Ok(project) => project,
        Err(error) => {
            eprintln!("{} {error:#}", paint::stderr().red("error:"));
            return Ok(Exit::Usage);
        }
    };
    let template = Template::of(args.language);
    folder::write(&project.folder, &template.files(&project.name, &project.sdk))?;
    stdout_sink::print(&told(&project, template, paint::stdout()));
    Ok(Exit::Success)
}

/// What will be written.
struct Project {
    name: Name,
    folder: PathBuf,
    sdk: String,
}

/// Checks everything before anything is written.
fn plan(args: &NewArgs) -> Result<Project> {
    let name = Name::parse(&args.name)?;
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(name.as_str()));
    folder::check_free(&folder)?;
    let sdk = match args.language {
        Language::Rust => sdk::of_rust(args.sdk.as_deref(), &folder)?,
    };
    Ok(Project { name, folder, sdk })
}

fn told(project: &Project, template: &Template, paint: Paint) -> String {
    let Project { name, folder, .. } = project;
    let mut text = format!("{} is in {}\n", paint.bold(name.as_str()), folder.display());
    text += &format!("\n{}\n\n  rustup target add wasm32-wasip2\n", paint.bold("Once"));
    text += &format!("\n{}\n\n  cd {}\n", paint.bold("Then"), quoted(folder));
    text + &template.steps(name).lines().map(|step| format!("  {step}\n")).collect::<String>()
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,@%:=".contains(c);
    if text.chars().all(is_plain) { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_spaces_and_quotes_is_one_word_for_a_shell() {
        assert_eq!(quoted(Path::new("../a-b/c.d")), "../a-b/c.d");
        assert_eq!(quoted(Path::new("it's here")), r"'it'\''s here'");
    }
}
