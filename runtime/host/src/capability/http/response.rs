//! What comes back: read under a cap, and with the operator's secrets taken out.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http_body_util::BodyExt;
use reqwest::header::HeaderMap;

use super::{error::HttpError, request::MAX_HEADER_BYTES, secrets::Secrets};

/// A whole response, bodies undecoded, header names in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
}

/// Reads a response to its end, or until it is larger than `max_bytes`. What arrives is added to `bytes_in`.
pub(super) async fn read(
    response: reqwest::Response,
    max_bytes: usize,
    secrets: &Secrets,
    bytes_in: &AtomicU64,
) -> Result<Response, HttpError> {
    let (parts, mut incoming) = http::Response::<reqwest::Body>::from(response).into_parts();
    let headers = read_headers(&parts.headers, secrets)?;
    let mut body = Vec::new();
    let mut trailers = Vec::new();
    while let Some(frame) = incoming.frame().await {
        match frame.map_err(broken)?.into_data() {
            Ok(data) => {
                bytes_in.fetch_add(data.len() as u64, Relaxed);
                if data.len() > max_bytes - body.len() {
                    return Err(HttpError::ResponseTooLarge);
                }
                body.extend_from_slice(&data);
            }
            Err(frame) => {
                if let Ok(map) = frame.into_trailers() {
                    trailers = read_headers(&map, secrets)?;
                }
            }
        }
    }
    secrets.mask(&mut body);
    Ok(Response { status: parts.status.as_u16(), headers, body, trailers })
}

/// A response that stops half-way is broken, whatever the library calls it.
fn broken(error: reqwest::Error) -> HttpError {
    match HttpError::from(error) {
        HttpError::InvalidRequest(why) | HttpError::Connect(why) => HttpError::Broken(why),
        other => other,
    }
}

fn read_headers(map: &HeaderMap, secrets: &Secrets) -> Result<Vec<(String, String)>, HttpError> {
    let size: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    if size > MAX_HEADER_BYTES {
        return Err(HttpError::ResponseTooLarge);
    }
    let texts = map.iter().map(|(name, value)| {
        let mut bytes = value.as_bytes().to_vec();
        secrets.mask(&mut bytes);
        (name.as_str().to_owned(), String::from_utf8_lossy(&bytes).into_owned())
    });
    Ok(texts.collect())
}
