//! From bytes to something that can be instantiated: checks of the bytes first, of the compiled component after, linking
//! last.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, InstancePre};

use super::{
    digest::hexadecimal,
    error::LoadError,
    guest::Guest,
    inspection::{Inspection, inspect},
    limits::{MAX_MEMORIES, MAX_TABLE_ELEMENTS, MAX_TABLES},
    linkers::Linkers,
    links::Links,
    track::{Need, v0_1::ExportIndices},
};
use crate::{config, text::escape_line};

/// Bytes kept of what the compiler or linker says.
pub(super) const MAX_REASON_BYTES: usize = 1024;
/// Bytes of a page of linear memory.
const PAGE_BYTES: u64 = 64 << 10;

/// A component, compiled and linked.
pub(super) struct Prepared {
    pub(super) pre: InstancePre<Guest>,
    pub(super) indices: ExportIndices,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prepared")
    }
}

/// Checks what can be told from the bytes alone.
///
/// # Errors
/// If they are too many, not those that were pinned, or no exporter of a track that this host serves.
pub(super) fn check_bytes(bytes: &[u8], max: usize, digest: Option<[u8; 32]>) -> Result<Inspection, LoadError> {
    if bytes.len() > max {
        return Err(LoadError::TooLarge { bytes: bytes.len(), max });
    }
    if let Some(expected) = digest {
        let found = Sha256::digest(bytes);
        if found.as_slice() != expected {
            return Err(LoadError::DigestMismatch { expected: hexadecimal(&expected), found: hexadecimal(&found) });
        }
    }
    inspect(bytes)
}

/// Checks that every import is granted, or needs no grant.
///
/// # Errors
/// [`LoadError::NotGranted`] or [`LoadError::UnknownImport`], for the first that is not.
pub(super) fn check_grants(seen: &Inspection, name: &str, grants: &config::Grants) -> Result<(), LoadError> {
    check_built(seen)?;
    for import in &seen.imports {
        let remedy = match &import.need {
            Need::Grant("http") if grants.http.is_none() => {
                format!("[exporters.{name}.grants.http] allow = [\"https://HOST:PORT\"]")
            }
            Need::Grant("terminal") if !grants.terminal => format!("[exporters.{name}.grants] terminal = true"),
            Need::Unknown { .. } => return Err(unknown_import(&import.name, &import.need)),
            Need::Always | Need::EmptyWorld | Need::Grant(_) => continue,
        };
        return Err(LoadError::NotGranted { import: import.name.clone(), remedy });
    }
    Ok(())
}

/// Checks that this program was built with every capability that is imported.
fn check_built(seen: &Inspection) -> Result<(), LoadError> {
    for (feature, is_built) in [("http", cfg!(feature = "http")), ("terminal", cfg!(feature = "terminal"))] {
        let import = seen.imports.iter().find(|import| import.need == Need::Grant(feature));
        if let (Some(import), false) = (import, is_built) {
            return Err(LoadError::NotBuilt { import: import.name.clone(), feature });
        }
    }
    Ok(())
}

/// Checks that every import could be granted.
///
/// # Errors
/// [`LoadError::UnknownImport`] for the first that could not.
pub(super) fn check_known(seen: &Inspection) -> Result<(), LoadError> {
    check_built(seen)?;
    let unknown = seen.imports.iter().find(|import| matches!(import.need, Need::Unknown { .. }));
    unknown.map_or(Ok(()), |import| Err(unknown_import(&import.name, &import.need)))
}

fn unknown_import(import: &str, need: &Need) -> LoadError {
    let hint = match need {
        Need::Unknown { hint } => hint.clone(),
        _ => String::new(),
    };
    LoadError::UnknownImport { import: import.to_owned(), hint }
}

/// Links it.
///
/// # Errors
/// [`LoadError::Mismatch`].
pub(super) fn link(component: &Component, linkers: &Linkers, links: Links) -> Result<Prepared, LoadError> {
    let mismatch = |error: wasmtime::Error| LoadError::Mismatch { reason: told(&error) };
    let pre = linkers.find(links).map_err(mismatch)?.instantiate_pre(component).map_err(mismatch)?;
    let indices = ExportIndices::of(&pre).map_err(mismatch)?;
    Ok(Prepared { pre, indices })
}

/// Checks what the component needs before its first call.
///
/// # Errors
/// [`LoadError::OverLimit`] or [`LoadError::Mismatch`].
pub(super) fn check_needs(component: &Component, max_memory: usize) -> Result<(), LoadError> {
    let Some(needs) = component.resources_required() else {
        let reason = "it instantiates core modules that it imports".to_owned();
        return Err(LoadError::Mismatch { reason });
    };
    let memory = needs.max_initial_memory_size.unwrap_or_default().saturating_mul(PAGE_BYTES);
    let elements = needs.max_initial_table_size.unwrap_or_default();
    let one_memory = "compose exporters of one core module, or merge their memories";
    for (what, needs, max, hint) in [
        ("linear memories", u64::from(needs.num_memories), MAX_MEMORIES as u64, one_memory),
        ("bytes of memory to start", memory, max_memory as u64, "raise limits.memory"),
        ("tables", u64::from(needs.num_tables), MAX_TABLES as u64, "build it with fewer tables"),
        ("table elements", elements, MAX_TABLE_ELEMENTS as u64, "build it with fewer functions"),
    ] {
        if needs > max {
            return Err(LoadError::OverLimit { what, needs, max, hint });
        }
    }
    Ok(())
}

/// An error with its causes, in one line.
pub(super) fn told(error: &wasmtime::Error) -> String {
    escape_line(&format!("{error:#}"), MAX_REASON_BYTES)
}

/// A component that is shared by instances, of one exporter or of several.
pub(super) type Shared = Arc<Prepared>;
