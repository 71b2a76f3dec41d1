//! What configurations say, and what wrong ones are told.

mod egress;
mod environment;
mod errors;
mod mutations;
mod narrowing;
mod quantities;
mod reading;
mod receivers;
mod secrecy;

use std::path::Path;

use super::{ConfigError, Document, Surroundings, parse};

/// Every key there is.
const REFERENCE: &str = include_str!("../../../../cli/examples/spangate.toml");

/// Everything needed for a configuration without errors.
const MINIMAL: &str = "[exporters.a]\ncomponent = \"builtin:console\"\n";

fn read(text: &str) -> Result<Document, ConfigError> {
    let variable = |name: &str| match name {
        "TOKEN" => Some("canary-4cb1d0".to_owned()),
        "LONG" => Some("canary-4cb1d0-canary-4cb1d0".to_owned()),
        "PORT" => Some("9000".to_owned()),
        "SIZE" => Some("77".to_owned()),
        "BAD" => Some("canary\n[x]\ny = \"4cb1d0".to_owned()),
        "ZIPKIN_TOKEN" => Some("reference-token".to_owned()),
        _ => None,
    };
    let surroundings = Surroundings {
        file: Path::new("conf/spangate.toml"),
        builtins: &["console", "otlp", "webhook", "zipkin"],
        variable: &variable,
        is_file: &|path| path == Path::new("conf/exporters/billing.wasm") || path == Path::new("/etc/ca.pem"),
    };
    parse(text.as_bytes(), &surroundings)
}

fn accepted(text: &str) -> Document {
    read(text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    read(text).expect_err("this configuration is wrong").to_string()
}
