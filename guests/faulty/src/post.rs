//! Posts to each of its `urls` in turn, and rejects the batch with what each of them answered, one word a URL. Accepts it
//! if all were 200.

use crate::exporter::http::{self, Body, Error, Request};
use crate::{Batch, Outcome, Settings};

pub fn export(batch: Batch, settings: &Settings) -> Outcome {
    let answers: Vec<String> = settings.urls.iter().map(|url| post(url, batch.otlp())).collect();
    match answers.iter().all(|answer| answer == "200") {
        true => Outcome::Accepted,
        false => Outcome::Rejected(answers.join(" ")),
    }
}

fn post(url: &str, body: Vec<u8>) -> String {
    let (method, url) = ("POST".to_owned(), url.to_owned());
    let request = Request { method, url, headers: Vec::new(), body: Body::Bytes(body), timeout_ms: None, http2: false };
    match http::send(request) {
        Ok(response) => response.status.to_string(),
        Err(error) => word(&error).to_owned(),
    }
}

/// The error's case in the contract.
pub fn word(error: &Error) -> &'static str {
    match error {
        Error::Denied(_) => "denied",
        Error::InvalidRequest(_) => "invalid-request",
        Error::Dns(_) => "dns",
        Error::Connect(_) => "connect",
        Error::Tls(_) => "tls",
        Error::Timeout => "timeout",
        Error::Broken(_) => "broken",
        Error::ResponseTooLarge => "response-too-large",
        Error::OverQuota(_) => "over-quota",
    }
}
