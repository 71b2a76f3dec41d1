//! Turns compiled code back into a component: the one place where that is done, because it is unsafe.
//!
//! A crafted artifact is native code of the crafter's choice. Only bytes that this host compiled come here: `cache` reads
//! them from files of this user or of root, in a directory of theirs, that nobody else can write to, and compares their
//! sum first.

#![expect(unsafe_code, reason = "loading our own compiled components")]

use wasmtime::{Engine, component::Component};

/// A component from what [`Component::serialize`] gave.
///
/// # Errors
/// If the artifact is of another engine or version.
///
/// The caller must have written `artifact` itself, and nobody else can have changed it.
pub(super) fn load_own_artifact(engine: &Engine, artifact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `cache` is the only caller. It checks that directory and file belong to this user or to root and that nobody
    // else can write to them, and that the bytes are those that were written.
    unsafe { Component::deserialize(engine, artifact) }
}
