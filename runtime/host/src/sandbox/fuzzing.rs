//! What a fuzz target reaches of loading a component.

use spangate_core::signal::Signal;

use super::{complexity, component, description::Description, error::LoadError};
use crate::bindings::v0_1::exporter::lifecycle;

/// All that is checked of a component before it is compiled.
///
/// # Errors
/// As when it is loaded.
pub fn check(bytes: &[u8]) -> Result<(), LoadError> {
    let seen = component::check_bytes(bytes, 16 << 20, None)?;
    component::check_known(&seen)?;
    complexity::check(bytes)
}

/// The part of [`check`] that counts, alone.
///
/// # Errors
/// As when it is loaded.
pub fn count(bytes: &[u8]) -> Result<(), LoadError> {
    complexity::check(bytes)
}

/// A guest's description, as it was lifted.
#[derive(Clone, Debug)]
pub struct Said {
    /// `name`, `version`.
    pub names: [String; 2],
    /// `signals`.
    pub signals: Vec<String>,
    /// `event-names`.
    pub event_names: Vec<String>,
    /// `reads`.
    pub reads: Vec<String>,
    /// `max-batch-size`, `max-batch-bytes`, `tick-interval-ms`.
    pub numbers: [Option<u32>; 3],
}

/// What is believed of it.
///
/// # Errors
/// As when it is loaded.
pub fn believe(said: Said, exported: &[Signal], has_ticker: bool) -> Result<Description, LoadError> {
    let Said { names: [name, version], signals, event_names, reads, numbers } = said;
    let [max_batch_size, max_batch_bytes, tick_interval_ms] = numbers;
    let said = lifecycle::Description {
        name,
        version,
        signals,
        event_names,
        reads,
        max_batch_size,
        max_batch_bytes,
        tick_interval_ms,
    };
    Description::check(said, exported, has_ticker)
}
