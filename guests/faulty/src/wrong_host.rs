//! Posts to a host that it was not granted, and says what it got.

use crate::exporter::http::{self, Body, Request};
use crate::{Batch, Outcome, Settings};

pub fn export(batch: Batch, settings: &Settings) -> Outcome {
    let request = Request {
        method: "POST".to_owned(),
        url: settings.url.clone(),
        headers: Vec::new(),
        body: Body::Bytes(batch.otlp()),
        timeout_ms: None,
        http2: false,
    };
    match http::send(request) {
        Ok(response) => Outcome::Rejected(format!("got through: status {}", response.status)),
        Err(error) => Outcome::Rejected(format!("{error:?}")),
    }
}
