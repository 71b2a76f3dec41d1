//! Track v0.1, generated from `wit/v0.1`.
//!
//! The generated `add_to_linker` functions are not used: every host function charges fuel, which needs the store, so
//! that `capability` and `sandbox` link by hand and call the generated `Host` traits from there.

#![allow(missing_docs, unreachable_pub, dead_code, clippy::all, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "wit/v0.1",
    world: "exporter",
    imports: { "spangate:exporter/http.send": async, "spangate:exporter/terminal.write": async },
    exports: { default: async },
    require_store_data_send: true,
    with: {
        "spangate:exporter/batch.batch": BatchHandle,
        "spangate:exporter/batch.payload": crate::bindings::payload::Payload,
    },
});

pub use self::exports::spangate::exporter;
pub use self::spangate::exporter as imports;

/// The host's side of a `batch` handle. Which batch it stands for is the store's to know: the handle is a number.
#[derive(Debug)]
pub struct BatchHandle;
