//! What the host does for gRPC, so that no guest has to, whatever its language.
//!
//! Constraints: only messages that say they are gRPC are touched; what cannot be read is left as it is; an unpacked message
//! is held to the cap of a response.
//!
//! Sources: "gRPC over HTTP2" of grpc (PROTOCOL-HTTP2.md) for the prefix, `grpc-timeout` and how metadata is encoded;
//! its compression.md, by which a server may compress an answer because the request was compressed.

use std::{io::Read, time::Duration};

use base64::{
    alphabet,
    engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig},
};
use flate2::read::GzDecoder;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::{error::HttpError, secrets::Secrets};

const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const MESSAGE: &str = "grpc-message";

/// A flag, and four bytes of length.
const PREFIX_BYTES: usize = 5;

/// A timeout has up to eight digits.
const MAX_TIMEOUT_MS: u128 = 99_999_999;

/// Padded or not, as both occur.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether a message says that it is gRPC. gRPC-Web is not: its trailers are elsewhere.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| is_grpc_type(value.as_bytes()))
}

/// Whether a `content-type` is gRPC's.
pub(super) fn is_grpc_type(value: &[u8]) -> bool {
    value.strip_prefix(b"application/grpc").is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
}

/// Says how long the client will wait, unless the headers say so already.
pub(super) fn tell_timeout(headers: &mut HeaderMap, left: Duration) {
    let milliseconds = left.as_millis().clamp(1, MAX_TIMEOUT_MS);
    if let Ok(value) = HeaderValue::try_from(format!("{milliseconds}m")) {
        headers.entry(TIMEOUT).or_insert(value);
    }
}

/// Asks for an answer that is not compressed.
pub(super) fn accept_plain(headers: &mut HeaderMap) {
    if is_grpc(headers) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}

/// Whether the message in a body is compressed.
pub(super) fn is_packed(headers: &HeaderMap, body: &[u8]) -> bool {
    is_grpc(headers) && body.first().is_some_and(|flag| *flag != 0)
}

/// The body with its message unpacked, if that came compressed by gzip; otherwise as it is.
///
/// # Errors
/// `ResponseTooLarge` beyond `max_bytes`.
pub(super) fn unpack(headers: &HeaderMap, body: Vec<u8>, max_bytes: usize) -> Result<Vec<u8>, HttpError> {
    let is_gzip = headers.get(ENCODING).is_some_and(|name| name == "gzip");
    if !is_gzip || !is_packed(headers, &body) {
        return Ok(body);
    }
    let Some(message) = message(&body) else { return Ok(body) };
    let limit = max_bytes.saturating_sub(PREFIX_BYTES);
    let mut plain = vec![0; PREFIX_BYTES];
    let Ok(length) = GzDecoder::new(message).take(limit as u64 + 1).read_to_end(&mut plain) else { return Ok(body) };
    if length > limit {
        return Err(HttpError::ResponseTooLarge);
    }
    if let (Some(prefix), Ok(length)) = (plain.get_mut(1..PREFIX_BYTES), u32::try_from(length)) {
        prefix.copy_from_slice(&length.to_be_bytes());
    }
    Ok(plain)
}

fn message(body: &[u8]) -> Option<&[u8]> {
    let (prefix, rest) = body.split_at_checked(PREFIX_BYTES)?;
    let length = u32::from_be_bytes(prefix.get(1..)?.try_into().ok()?);
    rest.get(..usize::try_from(length).ok()?)
}

/// Metadata in whose encoding a secret would not be found, with the secret masked. None if there is none in it.
pub(super) fn masked(name: &str, value: &[u8], secrets: &Secrets) -> Option<Vec<u8>> {
    let is_base64 = name.ends_with("-bin");
    let plain = match is_base64 {
        true => BASE64.decode(value).ok()?,
        false if name == MESSAGE => percent_decode(value).collect(),
        false => return None,
    };
    let mut hidden = plain.clone();
    secrets.mask(&mut hidden);
    if hidden == plain {
        return None;
    }
    Some(if is_base64 {
        BASE64.encode(hidden).into_bytes()
    } else {
        percent_encode(&hidden, NON_ALPHANUMERIC).to_string().into_bytes()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(content_type: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))])
    }

    #[test]
    fn grpc_is_told_by_its_content_type_and_web_is_another() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpc-web+proto", false),
            ("text/html", false),
        ] {
            assert_eq!(is_grpc(&headers(content_type)), expected, "{content_type}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn a_timeout_has_a_digit_at_least_and_eight_at_most() {
        let told = |left| {
            let mut headers = HeaderMap::new();
            tell_timeout(&mut headers, left);
            headers[TIMEOUT].to_str().unwrap().to_owned()
        };
        assert_eq!(told(Duration::ZERO), "1m");
        assert_eq!(told(Duration::from_micros(2_999)), "2m");
        assert_eq!(told(Duration::from_millis(99_999_999)), "99999999m");
        assert_eq!(told(Duration::from_millis(100_000_000)), "99999999m");
        assert_eq!(told(Duration::MAX), "99999999m");
    }
}
