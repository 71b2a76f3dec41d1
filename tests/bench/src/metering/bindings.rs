//! Generated from the contract.

#![allow(missing_docs, unreachable_pub, dead_code, clippy::all, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "../../wit/v0.1",
    world: "exporter",
    exports: { default: async },
    require_store_data_send: true,
    with: {
        "spangate:exporter/batch.batch": BatchHandle,
        "spangate:exporter/batch.payload": PayloadHandle,
    },
});

pub use self::exports::spangate::exporter;
pub use self::spangate::exporter as imports;

/// There is one batch.
#[derive(Debug)]
pub struct BatchHandle;

/// There is none.
#[derive(Debug)]
pub struct PayloadHandle;
