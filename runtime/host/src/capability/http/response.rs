//! What comes back: read under a cap where connections are, and opened by whoever asked: a gRPC message is unpacked, the
//! operator's secrets are taken out.

use std::sync::Arc;

use http_body_util::BodyExt;
use reqwest::{
    StatusCode,
    header::{CONTENT_ENCODING, CONTENT_RANGE, HeaderMap},
};

use super::{
    error::{HttpError, bound},
    grpc,
    request::MAX_HEADER_BYTES,
    secrets::Secrets,
};

/// A whole response, bodies undecoded, header names in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
}

/// An answer, wherever it came from.
pub(super) enum Answer {
    /// As a backend inside the process gave it.
    Whole(Response),
    /// As it came over the network.
    Arrived(Box<Arrived>),
}

impl Answer {
    /// As it is handed to the guest. `count` is told by how much the body grew.
    pub(super) fn open(self, count: impl Fn(usize)) -> Result<Response, HttpError> {
        match self {
            Self::Whole(response) => Ok(response),
            Self::Arrived(arrived) => arrived.open(count),
        }
    }
}

/// A response as it came. What is left to do takes time that an exporter's answers ask for: not that of the thread on
/// which everybody's connections are.
pub(super) struct Arrived {
    parts: http::response::Parts,
    body: Vec<u8>,
    trailers: HeaderMap,
    secrets: Arc<Secrets>,
    max_bytes: usize,
}

/// Reads a response to its end, or until it is larger than `max_bytes`. `count` is told what arrives.
pub(super) async fn receive(
    response: reqwest::Response,
    max_bytes: usize,
    secrets: Arc<Secrets>,
    count: impl Fn(usize),
) -> Result<Box<Arrived>, HttpError> {
    let (parts, mut incoming) = http::Response::<reqwest::Body>::from(response).into_parts();
    check_size(&parts.headers)?;
    if !secrets.is_empty() {
        refuse_other_forms(parts.status, &parts.headers)?;
    }
    let (mut body, mut trailers) = (Vec::new(), HeaderMap::new());
    while let Some(frame) = incoming.frame().await {
        match frame.map_err(broken)?.into_data() {
            Ok(data) => {
                count(data.len());
                if data.len() > max_bytes - body.len() {
                    return Err(HttpError::ResponseTooLarge);
                }
                body.extend_from_slice(&data);
            }
            Err(frame) => {
                if let Ok(map) = frame.into_trailers() {
                    check_size(&map)?;
                    trailers = map;
                }
            }
        }
    }
    Ok(Box::new(Arrived { parts, body, trailers, secrets, max_bytes }))
}

impl Arrived {
    /// Unpacks the message and masks secrets.
    fn open(self, count: impl Fn(usize)) -> Result<Response, HttpError> {
        let Self { parts, body, trailers, secrets, max_bytes } = self;
        let came = body.len();
        let mut body = grpc::unpack(&parts.headers, body, max_bytes)?;
        // What was unpacked counts as what arrived: it is handed over.
        count(body.len().saturating_sub(came));
        if !secrets.is_empty() && grpc::is_packed(&parts.headers, &body) {
            return Err(not_masked("a compressed message (grpc-encoding)"));
        }
        secrets.mask(&mut body);
        let (headers, trailers) = (texts(&parts.headers, &secrets), texts(&trailers, &secrets));
        Ok(Response { status: parts.status.as_u16(), headers, body, trailers })
    }
}

/// A credential is not found in a compressed answer, nor in a part of one. The request asked for neither.
fn refuse_other_forms(status: StatusCode, headers: &HeaderMap) -> Result<(), HttpError> {
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    let is_encoded = encodings.into_iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    let is_partial = status == StatusCode::PARTIAL_CONTENT || headers.contains_key(CONTENT_RANGE);
    let form = match (is_encoded, is_partial) {
        (true, _) => "encoded (content-encoding)",
        (_, true) => "a part of one (content-range)",
        _ => return Ok(()),
    };
    Err(not_masked(form))
}

fn not_masked(form: &str) -> HttpError {
    let why = format!("the answer is {form}, unasked: the operator's credentials could not be masked in it");
    HttpError::Broken(bound(&why))
}

/// A response that stops half-way is broken, whatever the library calls it.
fn broken(error: reqwest::Error) -> HttpError {
    match HttpError::from(error) {
        HttpError::InvalidRequest(why) | HttpError::Connect(why) => HttpError::Broken(why),
        other => other,
    }
}

fn check_size(map: &HeaderMap) -> Result<(), HttpError> {
    let size: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    if size > MAX_HEADER_BYTES { Err(HttpError::ResponseTooLarge) } else { Ok(()) }
}

fn texts(map: &HeaderMap, secrets: &Secrets) -> Vec<(String, String)> {
    let in_names = secrets.in_lower_case();
    let masked = |secrets: &Secrets, mut bytes: Vec<u8>| {
        secrets.mask(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let texts = map.iter().map(|(name, value)| {
        let (name, value) = (name.as_str(), value.as_bytes());
        let decoded = if secrets.is_empty() { None } else { grpc::masked(name, value, secrets) };
        let value = decoded.unwrap_or_else(|| value.to_vec());
        (masked(&in_names, name.as_bytes().to_vec()), masked(secrets, value))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, io::Write};

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap();
        [&[flag][..], &length.to_be_bytes(), message].concat()
    }

    #[tokio::test]
    async fn what_arrives_stays_as_it_is_until_it_is_opened() {
        let message = [b"key-abcdefgh ".as_slice(), &[b'x'; 1000]].concat();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&message).unwrap();
        let packed = framed(1, &gzip.finish().unwrap());
        let response = http::Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-encoding", "gzip")
            .header("x-echo", "key-abcdefgh")
            .body(packed.clone())
            .unwrap();
        let header = ("x-key".parse().unwrap(), "key-abcdefgh".parse().unwrap());
        let secrets = Arc::new(Secrets::of(&[header], None));
        let counted = Cell::new(0);
        let count = |bytes| counted.set(counted.get() + bytes);

        let arrived = receive(response.into(), 4096, secrets, count).await.unwrap();
        assert_eq!((&arrived.body, counted.get()), (&packed, packed.len()));

        let opened = arrived.open(count).unwrap();
        let plain = framed(0, &[b"************ ".as_slice(), &[b'x'; 1000]].concat());
        assert_eq!((&opened.body, counted.get()), (&plain, plain.len()));
        assert!(opened.headers.contains(&("x-echo".into(), "************".into())), "{:?}", opened.headers);
    }
}
