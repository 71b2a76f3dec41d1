//! Writes a project: everything, or nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::template::File;

/// Refuses a place where something is. An empty folder is nothing.
///
/// # Errors
/// Says what is there.
pub(super) fn check_free(folder: &Path) -> Result<()> {
    let there = folder.display();
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => bail!("{there} exists and is not empty; name another folder with --path"),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(folder).is_err() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            bail!("{there} exists and is no folder; name another with --path")
        }
        Err(error) => Err(error).with_context(|| format!("cannot use {there}; name another folder with --path")),
    }
}

/// Writes `files` beside `folder` first, then moves them there in one step.
///
/// # Errors
/// If something cannot be written; then nothing is left behind.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<()> {
    let folder = std::path::absolute(folder)?;
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        bail!("{} cannot be the folder of a project", folder.display());
    };
    let is_new_parent = !parent.exists();
    fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
    let draft = parent.join(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let written = write_draft(&draft, files).and_then(|()| {
        fs::rename(&draft, &folder).with_context(|| format!("cannot make the folder {}", folder.display()))
    });
    written.inspect_err(|_| {
        let _ = fs::remove_dir_all(&draft);
        if is_new_parent {
            let _ = fs::remove_dir(parent);
        }
    })
}

fn write_draft(draft: &Path, files: &[File]) -> Result<()> {
    for (path, text) in files {
        let path: PathBuf = draft.join(path);
        let folder = path.parent().unwrap_or(draft);
        let told = || format!("cannot write {}", path.display());
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).with_context(told)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_project_is_written_whole() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("a/new");
        check_free(&folder).expect("free");
        write(&folder, &[("src/lib.rs", "x".into()), ("Cargo.toml", "y".into())]).expect("written");
        assert_eq!(fs::read_to_string(folder.join("src/lib.rs")).expect("a file"), "x");
        assert_eq!(entries(&home.path().join("a")), ["new"]);
        assert!(check_free(&folder).is_err());
    }

    #[test]
    fn an_empty_folder_is_free_and_a_file_or_a_dangling_link_is_not() {
        let home = tempfile::tempdir().expect("a folder");
        check_free(home.path()).expect("free");
        let file = home.path().join("file");
        fs::write(&file, "").expect("written");
        assert!(check_free(&file).expect_err("a file").to_string().contains("is no folder"));
        let link = home.path().join("link");
        std::os::unix::fs::symlink(home.path().join("nowhere"), &link).expect("a link");
        assert!(check_free(&link).is_err());
    }

    #[test]
    fn nothing_is_left_of_a_project_that_could_not_be_written() {
        let home = tempfile::tempdir().expect("a folder");
        let files = [("src", "a file".to_owned()), ("src/lib.rs", "below a file".to_owned())];
        assert!(write(&home.path().join("b/new"), &files).is_err());
        assert!(entries(home.path()).is_empty());
    }
}
