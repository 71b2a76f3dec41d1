//! From a component's bytes to compiled code: out of the cache, or by the compiler, if this build has one.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

use super::{
    cache::Cache,
    compiler::Waiting,
    component::{Prepared, link},
    digest::Digest,
    error::LoadError,
    linkers::Linkers,
    links::Links,
    shelf::Shelf,
};
use crate::telemetry::{Level, SparingLog};

/// Who waits for a component.
pub(super) type Client = Waiting<Result<Arc<Prepared>, LoadError>>;

/// What is prepared.
pub(super) struct Order {
    /// The component.
    pub(super) bytes: Bytes,
    /// Its digest, if that was computed already.
    pub(super) digest: Option<Digest>,
    pub(super) links: Links,
}

/// The linked component of an order: that of another exporter on the `shelf`, or one from the cache or the compiler. Blocks.
///
/// # Errors
/// As for [`compile`], and [`LoadError::Mismatch`] if it cannot be linked.
pub(super) fn prepare(
    linkers: &Linkers,
    cache: Option<&Cache>,
    shelf: &Shelf,
    log: &SparingLog,
    order: &Order,
    client: &Client,
) -> Result<Arc<Prepared>, LoadError> {
    let known = order.digest.or_else(|| carried_digest(&order.bytes));
    let digest = known.unwrap_or_else(|| Sha256::digest(&order.bytes).into());
    if let Some(prepared) = shelf.find(digest, order.links) {
        return Ok(prepared);
    }
    let source = Source { bytes: &order.bytes, digest };
    let component = shelf.code(digest).map_or_else(|| compile(linkers.engine(), cache, log, source, client), Ok)?;
    let prepared = Arc::new(link(&component, linkers, order.links)?);
    shelf.put(digest, order.links, &prepared);
    Ok(prepared)
}

/// That of a component that lies in this program.
#[cfg(feature = "builtin")]
fn carried_digest(bytes: &[u8]) -> Option<Digest> {
    spangate_builtin::digest(bytes)
}

#[cfg(not(feature = "builtin"))]
fn carried_digest(_: &[u8]) -> Option<Digest> {
    None
}

/// A component and its digest.
#[derive(Clone, Copy)]
struct Source<'a> {
    #[cfg_attr(not(feature = "compiler"), expect(dead_code, reason = "nothing is compiled"))]
    bytes: &'a Bytes,
    digest: Digest,
}

/// Finds the compiled component in `cache`, or compiles it and says so. Blocks.
///
/// # Errors
/// [`LoadError::ShutDown`] if the client is gone before compiling begins, [`LoadError::TooComplex`] or
/// [`LoadError::Malformed`] if it does not compile, [`LoadError::NotCompiled`] if this build has no compiler.
fn compile(
    engine: &Engine,
    cache: Option<&Cache>,
    log: &SparingLog,
    source: Source<'_>,
    client: &Client,
) -> Result<Component, LoadError> {
    let found = cache.map_or(Ok(None), |cache| cache.find(engine, &source.digest)).unwrap_or_else(|error| {
        log.tell(Level::Warn, format_args!("the kept code is not used: {error}"));
        None
    });
    match found {
        Some(component) => Ok(component),
        None => compile_anew(engine, cache, log, source, client),
    }
}

#[cfg(feature = "compiler")]
fn compile_anew(
    engine: &Engine,
    cache: Option<&Cache>,
    log: &SparingLog,
    source: Source<'_>,
    client: &Client,
) -> Result<Component, LoadError> {
    use super::{complexity, component::told};
    use crate::allocator;

    let Source { bytes, digest } = source;
    client.give_way();
    complexity::check(bytes)?;
    // Once begun, it cannot be ended.
    if client.is_gone() {
        return Err(LoadError::ShutDown);
    }
    let again = if cache.is_some() { "; it is kept for the next start" } else { "" };
    log.tell(Level::Info, format_args!("compiling {} bytes{again}", bytes.len()));
    let component =
        Component::from_binary(engine, bytes).map_err(|error| LoadError::Malformed { reason: told(&error) })?;
    if let Some(Err(error)) = cache.map(|cache| cache.keep(&digest, &component)) {
        log.tell(Level::Warn, format_args!("the compiled component is not kept as it should be: {error}"));
    }
    // The compiler has taken more than all of the host will need.
    allocator::give_back_freed_memory();
    Ok(component)
}

#[cfg(not(feature = "compiler"))]
fn compile_anew(
    _engine: &Engine,
    cache: Option<&Cache>,
    _log: &SparingLog,
    source: Source<'_>,
    _client: &Client,
) -> Result<Component, LoadError> {
    let place = cache.map(|cache| cache.path(&source.digest).display().to_string());
    let sought = place.unwrap_or_else(|| "a private sandbox.cache_dir".to_owned());
    Err(LoadError::NotCompiled { sought, version: env!("CARGO_PKG_VERSION") })
}
