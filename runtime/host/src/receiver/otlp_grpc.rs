//! OTLP over gRPC: the unary `Export` of the trace, logs and metrics services.
//!
//! Sources: "gRPC over HTTP2" (PROTOCOL-HTTP2.md of grpc) for framing, headers and statuses; OpenTelemetry protocol
//! specification 1.x, "OTLP/gRPC", for which status may be sent again: a refusal is UNAVAILABLE with RetryInfo, too
//! large is RESOURCE_EXHAUSTED without; RESOURCE_EXHAUSTED with RetryInfo is for a budget that is used up.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header, request::Parts,
};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{
    answer::Answer,
    answers::{status_protobuf, taken_protobuf},
    body::{self, BodyLimits},
    encoding::Encoding,
    endpoint::Endpoint,
    failure::Failure,
    grpc_frame::{self, PREFIX_BYTES},
    intake::{Intake, Taken, Unsettled},
    metadata,
    reply::{ReplyBody, put, reply},
};

const GRPC: &str = "application/grpc";
const TEXT: &str = "text/plain; charset=utf-8";
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const ENCODING: &str = "grpc-encoding";
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// Answers OTLP over gRPC.
pub(super) struct OtlpGrpc {
    intake: Intake,
}

impl OtlpGrpc {
    pub(super) fn new(intake: Intake) -> Self {
        Self { intake }
    }

    async fn take_in_time(&self, head: &Parts, body: &mut Incoming) -> Result<Taken, Failure> {
        let Some(value) = head.headers.get("grpc-timeout") else { return self.take(head, body).await };
        let allowed = value.to_str().ok().and_then(grpc_timeout);
        let allowed = allowed.ok_or_else(|| Failure::Malformed(format!("grpc-timeout {value:?} is not a timeout")))?;
        let late = |_| Failure::TimedOut(format!("the sender's own deadline of {allowed:?} passed"));
        timeout(allowed, self.take(head, body)).await.map_err(late)?
    }

    async fn take(&self, head: &Parts, body: &mut Incoming) -> Result<Taken, Failure> {
        self.intake.authenticate(&head.headers)?;
        let path = head.uri.path();
        let endpoint = Endpoint::of_grpc_path(path).ok_or_else(|| {
            Failure::NotFound(format!("no such method: {path}; served are the Export methods of OTLP"))
        })?;
        let encoding = encoding(&head.headers)?;
        let limits = self.limits();
        body::check_length(body, limits)?;
        let metadata = metadata::copy(&head.headers, &self.intake.config.metadata)?;
        let mut admitted = self.intake.admit(endpoint, &head.extensions).await?;
        let framed = self.intake.read(body, limits, &mut admitted).await?;
        let payload = grpc_frame::unframe(framed, encoding, limits.max_bytes)?;
        self.intake.take(endpoint, payload, metadata, admitted).await
    }

    fn limits(&self) -> BodyLimits {
        let config = &self.intake.config;
        let (max_bytes, read_timeout) = (config.max_request_bytes, config.read_timeout);
        BodyLimits { max_bytes, framing_bytes: PREFIX_BYTES, announced: grpc_frame::announced, read_timeout }
    }
}

impl Answer for OtlpGrpc {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<ReplyBody> {
        let (head, mut body) = request.into_parts();
        let unsettled = Unsettled::new(&self.intake);
        if let Some((status, message)) = not_grpc(&head) {
            unsettled.settle(&Err(Failure::Unsupported(message.to_owned())));
            return reply(status, TEXT, message);
        }
        let result = self.take_in_time(&head, &mut body).await;
        unsettled.settle(&result);
        let mut response = match result {
            Ok(taken) => success(&taken),
            Err(failure) => trailers_only(&failure),
        };
        put(&mut response, ACCEPT_ENCODING, HeaderValue::from_static("identity,gzip,zstd"));
        response
    }
}

/// What a client that does not speak gRPC is told, in plain HTTP.
fn not_grpc(head: &Parts) -> Option<(StatusCode, &'static str)> {
    if head.version != Version::HTTP_2 {
        let message = "this is OTLP over gRPC, which needs HTTP/2; OTLP over HTTP is served by [receivers.otlp_http], \
            usually on port 4318\n";
        return Some((StatusCode::HTTP_VERSION_NOT_SUPPORTED, message));
    }
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = content_type.split(';').next().unwrap_or_default().trim();
    if !matches!(name, GRPC | "application/grpc+proto") {
        let message = "content-type must be application/grpc or application/grpc+proto\n";
        return Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    (head.method != Method::POST).then_some((StatusCode::METHOD_NOT_ALLOWED, "only POST is served\n"))
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Failure> {
    let mut names = headers.get_all(ENCODING).iter().map(|value| value.to_str().unwrap_or("(not text)").trim());
    let name = names.next().unwrap_or_default();
    if names.next().is_some() {
        return Err(Failure::Unsupported("grpc-encoding is given twice".to_owned()));
    }
    let served = Encoding::SERVED;
    Encoding::of(name)
        .ok_or_else(|| Failure::Unsupported(format!("grpc-encoding {name:?} is not served, only {served}")))
}

/// Up to eight digits and a unit.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_number)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

fn success(taken: &Taken) -> Response<ReplyBody> {
    let mut trailers = HeaderMap::new();
    trailers.insert(STATUS, HeaderValue::from_static("0"));
    let message = grpc_frame::frame(&taken_protobuf(taken));
    let mut response = Response::new(ReplyBody::with_trailers(message.into(), trailers));
    put(&mut response, header::CONTENT_TYPE, HeaderValue::from_static(GRPC));
    response
}

/// An error: its status comes with the headers, and nothing follows.
fn trailers_only(failure: &Failure) -> Response<ReplyBody> {
    let mut response = reply(StatusCode::OK, GRPC, "");
    put(&mut response, STATUS, HeaderValue::from(failure.code()));
    if let Ok(message) = HeaderValue::try_from(percent_encode(&failure.message())) {
        put(&mut response, MESSAGE, message);
    }
    // The details repeat code and message; they are worth their bytes only for RetryInfo.
    if failure.retry_after().is_some()
        && let Ok(details) = HeaderValue::try_from(STANDARD_NO_PAD.encode(status_protobuf(failure)))
    {
        put(&mut response, DETAILS, details);
    }
    response
}

/// As `grpc-message` has it: printable ASCII but for the percent sign stays, all other bytes of the UTF-8 are encoded.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_up_to_eight_digits_and_a_unit() {
        assert_eq!(grpc_timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(grpc_timeout("10S"), Some(Duration::from_secs(10)));
        assert_eq!(grpc_timeout("250m"), Some(Duration::from_millis(250)));
        for bad in ["", "S", "1", "1s", "123456789S", "-1S", "+1S", "1 S", "é"] {
            assert_eq!(grpc_timeout(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_message_is_percent_encoded() {
        assert_eq!(percent_encode("100% of é\n"), "100%25 of %C3%A9%0A");
    }
}
