//! The bytes of a component that a command or a configuration names.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, Result, bail};

/// The most that a configuration can allow a component to have, in bytes.
pub(crate) const MAX_BYTES: usize = 1 << 30;

/// Reads a file, one byte more than `max` at most: enough for others to say that it is too large.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn read_at_most(path: &Path, max: usize) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes behind `builtin:NAME` or a path.
///
/// # Errors
/// If there is no such component, with the ones there are.
pub(crate) fn read(name: &str) -> Result<Vec<u8>> {
    if let Some(builtin) = name.strip_prefix("builtin:") {
        let Some(bytes) = spangate_builtin::component(builtin) else {
            let known: Vec<_> = spangate_builtin::names().collect();
            bail!("{} is not built in; there are {}", name.escape_debug(), known.join(", "));
        };
        return Ok(bytes.to_vec());
    }
    let path = Path::new(name);
    if path.is_dir() {
        bail!("{} is a folder; give the path of a .wasm file", path.display());
    }
    let hint = match spangate_builtin::component(name) {
        Some(_) => format!(" (did you mean builtin:{name}?)"),
        None => String::new(),
    };
    read_at_most(path, MAX_BYTES).with_context(|| format!("cannot read the component {}{hint}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_read_to_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large");
        std::fs::write(&path, vec![0; 1000]).expect("written");
        assert_eq!(read_at_most(&path, 99).expect("readable").len(), 100);
        assert_eq!(read_at_most(&path, 5000).expect("readable").len(), 1000);
    }
}
