//! The certificates, keys and tokens that receivers are given.

use spangate::{
    config::{Document, Problem},
    receiver::examine,
};

/// Reads them as `run` would: what cannot be used, and what somebody should know.
pub(crate) fn check(document: &Document) -> (Vec<Problem>, Vec<String>) {
    let receivers = &document.config.receivers;
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    for (name, receiver) in [("otlp_http", &receivers.otlp_http), ("otlp_grpc", &receivers.otlp_grpc)] {
        let Some(receiver) = receiver else { continue };
        let examined = examine(receiver);
        let place = |key: &str| format!("receivers.{name}.{key}");
        problems
            .extend(examined.errors.iter().map(|error| document.problem(&place(error.key), &error.to_string(), None)));
        warnings.extend(examined.warnings.iter().map(|warning| format!("receivers.{name}: {warning}")));
    }
    (problems, warnings)
}
