//! What the guest side of `wit/v0.1` looks like in Rust: generated when compiled, never committed.

wit_bindgen::generate!({
    path: "wit/v0.1",
    world: "exporter",
    // What only crosses to the host is lent, not given.
    ownership: Borrowing { duplicate_if_necessary: true },
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "spangate_sdk::bindings",
});
