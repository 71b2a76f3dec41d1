//! Where the SDK of a new project comes from.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The SDK for Rust as a value of `[dependencies]`: the one in the folder `sdk`, told relative to the project's folder
/// unless it was given as an absolute path.
///
/// # Errors
/// If no folder is named, or there is no SDK for Rust in it. A registry's package of that name would be somebody else's.
pub(super) fn of_rust(sdk: Option<&Path>, project: &Path) -> Result<String> {
    let sdk =
        sdk.context("the SDK is not published yet: --sdk PATH says where it is, sdk/rust in spangate's source")?;
    let manifest = sdk.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .with_context(|| format!("--sdk names no folder of the SDK for Rust: cannot read {}", manifest.display()))?;
    if !text.lines().any(|line| line.replace(' ', "") == "name=\"spangate-sdk\"") {
        bail!("--sdk names no folder of the SDK for Rust: {} is of another package", manifest.display());
    }
    let path = if sdk.is_absolute() { sdk.to_owned() } else { between(&real(project)?, &real(sdk)?) };
    let path = path.to_str().context("the path of the SDK is not UTF-8, which Cargo.toml has to be")?;
    // A JSON text is a TOML basic string.
    Ok(format!("{{ path = {} }}", serde_json::Value::from(path)))
}

/// The path without links and dots. What does not exist yet is taken as it is written.
fn real(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path)?;
    match (std::fs::canonicalize(&path), path.parent(), path.file_name()) {
        (Ok(real), _, _) => Ok(real),
        (Err(_), Some(parent), Some(name)) => Ok(real(parent)?.join(name)),
        (Err(error), _, _) => Err(error).with_context(|| format!("cannot find {}", path.display())),
    }
}

/// How to get from the folder `from` to `to`, both absolute.
fn between(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    std::iter::repeat_n(Component::ParentDir, from.len() - shared).chain(to[shared..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_goes_up_to_what_is_shared_and_down_again() {
        let way = |from: &str, to: &str| between(Path::new(from), Path::new(to));
        assert_eq!(way("/a/b/new", "/a/b/spangate/sdk/rust"), Path::new("../spangate/sdk/rust"));
        assert_eq!(way("/a/b", "/a/b/c"), Path::new("c"));
        assert_eq!(way("/x", "/y/z"), Path::new("../y/z"));
    }

    #[test]
    fn a_folder_without_the_sdk_is_no_sdk() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = of_rust(Some(folder.path()), Path::new("new")).expect_err("nothing there");
        assert!(error.to_string().contains("--sdk names no folder"), "{error}");
        std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"other\"\n").expect("written");
        let error = of_rust(Some(folder.path()), Path::new("new")).expect_err("another package");
        assert!(error.to_string().contains("of another package"), "{error}");
    }

    #[test]
    fn a_relative_sdk_is_told_from_inside_the_project() {
        let sdk = Path::new("../../sdk/rust");
        let line = of_rust(Some(sdk), Path::new("../a/b/new")).expect("the SDK");
        assert!(line.ends_with("../sdk/rust\" }") || line.ends_with("../../sdk/rust\" }"), "{line}");
    }
}
