//! The bytes of a component that a command or a configuration names.

use std::path::Path;

use anyhow::{Context, Result, bail};

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
    std::fs::read(path).with_context(|| format!("cannot read the component {}{hint}", path.display()))
}
