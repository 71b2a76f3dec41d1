//! From a component's bytes to compiled code: out of the cache, or by the compiler, if this build has one.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

use super::{
    cache::Cache,
    compiler::Waiting,
    component::{Prepared, link},
    error::LoadError,
    guest::Links,
    shelf::Shelf,
};
use crate::telemetry::{Level, SparingLog};

/// Who waits for a component.
pub(super) type Client = Waiting<Result<Arc<Prepared>, LoadError>>;

/// The linked component of `bytes`: that of another exporter on the `shelf`, or one from the cache or the compiler. Blocks.
///
/// # Errors
/// As for [`compile`], and [`LoadError::Mismatch`] if it cannot be linked.
pub(super) fn prepare(
    engine: &Engine,
    cache: Option<&Cache>,
    shelf: &Shelf,
    log: &SparingLog,
    bytes: &Bytes,
    links: Links,
    client: &Client,
) -> Result<Arc<Prepared>, LoadError> {
    let digest = Sha256::digest(bytes).into();
    if let Some(prepared) = shelf.find(digest, links) {
        return Ok(prepared);
    }
    let component = shelf.code(digest).map_or_else(|| compile(engine, cache, log, bytes, client), Ok)?;
    let prepared = Arc::new(link(&component, links)?);
    shelf.put(digest, links, &prepared);
    Ok(prepared)
}

/// Finds the compiled component in `cache`, or compiles it and says so. Blocks.
///
/// # Errors
/// [`LoadError::ShutDown`] if the client is gone before compiling begins, [`LoadError::TooComplex`] or [`LoadError::Malformed`] if it does not compile, [`LoadError::NotCompiled`] if this build has no compiler.
fn compile(
    engine: &Engine,
    cache: Option<&Cache>,
    log: &SparingLog,
    bytes: &Bytes,
    client: &Client,
) -> Result<Component, LoadError> {
    let found = cache.map_or(Ok(None), |cache| cache.find(engine, bytes)).unwrap_or_else(|error| {
        log.tell(Level::Warn, format_args!("the kept code is not used: {error}"));
        None
    });
    match found {
        Some(component) => Ok(component),
        None => compile_anew(engine, cache, log, bytes, client),
    }
}

#[cfg(feature = "compiler")]
fn compile_anew(
    engine: &Engine,
    cache: Option<&Cache>,
    log: &SparingLog,
    bytes: &Bytes,
    client: &Client,
) -> Result<Component, LoadError> {
    use super::{complexity, component::told};

    complexity::check(bytes)?;
    // Once begun, it cannot be ended.
    if client.is_gone() {
        return Err(LoadError::ShutDown);
    }
    let again = if cache.is_some() { "; it is kept for the next start" } else { "" };
    log.tell(Level::Info, format_args!("compiling {} bytes{again}", bytes.len()));
    let component =
        Component::from_binary(engine, bytes).map_err(|error| LoadError::Malformed { reason: told(&error) })?;
    if let Some(Err(error)) = cache.map(|cache| cache.keep(bytes, &component)) {
        log.tell(Level::Warn, format_args!("the compiled component is not kept as it should be: {error}"));
    }
    Ok(component)
}

#[cfg(not(feature = "compiler"))]
fn compile_anew(
    _engine: &Engine,
    cache: Option<&Cache>,
    _log: &SparingLog,
    bytes: &Bytes,
    _client: &Client,
) -> Result<Component, LoadError> {
    let place = cache.map(|cache| cache.path(bytes).display().to_string());
    let sought = place.unwrap_or_else(|| "a private sandbox.cache_dir".to_owned());
    Err(LoadError::NotCompiled { sought, version: env!("CARGO_PKG_VERSION") })
}
