//! Posts other bytes at every attempt, under the batch's id; has the batch sent again unless the answer is 200.

use std::hash::{BuildHasher, RandomState};

use crate::exporter::batch::Retry;
use crate::exporter::http::{self, Body, Request};
use crate::{Batch, Outcome, Settings};

pub fn export(batch: Batch, settings: &Settings) -> Outcome {
    let id: String = batch.id().iter().map(|byte| format!("{byte:02x}")).collect();
    // Keyed by the host's randomness, and by where it was called from.
    let random = RandomState::new().hash_one(batch.attempt()).to_string();
    let request = Request {
        method: "POST".to_owned(),
        url: settings.url.clone(),
        headers: vec![("idempotency-key".to_owned(), id)],
        body: Body::Text(random),
        timeout_ms: None,
        http2: false,
    };
    match http::send(request) {
        Ok(response) if response.status == 200 => Outcome::Accepted,
        _ => Outcome::RetryAfter(Retry { delay_ms: Some(1), reason: "not taken".to_owned() }),
    }
}
