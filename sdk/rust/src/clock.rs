//! The host's clocks, coarse.

use std::time::Duration;

/// Time since the Unix epoch.
pub fn now() -> Duration {
    #[cfg(target_family = "wasm")]
    return Duration::from_nanos(crate::bindings::spangate::exporter::clock::now());
    #[cfg(not(target_family = "wasm"))]
    crate::testing::host::now()
}

/// Time since an arbitrary start; never goes back.
pub fn monotonic() -> Duration {
    #[cfg(target_family = "wasm")]
    return Duration::from_nanos(crate::bindings::spangate::exporter::clock::monotonic());
    #[cfg(not(target_family = "wasm"))]
    crate::testing::host::monotonic()
}
