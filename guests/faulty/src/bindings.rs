//! The contract in Rust, generated.

#![expect(unsafe_code, reason = "generated code that crosses the boundary of the component")]

wit_bindgen::generate!({ path: "../../wit/v0.1", world: "exporter" });

export!(Faulty with_types_in self);

use super::Faulty;
