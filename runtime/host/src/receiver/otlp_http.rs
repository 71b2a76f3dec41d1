//! OTLP over HTTP: `POST /v1/traces`, `/v1/logs` and `/v1/metrics`, protobuf or JSON.
//!
//! Source: OpenTelemetry protocol specification 1.x, "OTLP/HTTP". The answer has the type of the request; an error is a
//! `google.rpc.Status`. Only 429 and 503 may be sent again, and both say when.

use std::{sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header, request::Parts,
};
use hyper::body::Incoming;

use super::{
    answer::Answer,
    answers::{status_json, status_protobuf, taken_json, taken_protobuf},
    body::{self, BodyLimits},
    cors::{Cors, Preflight},
    decode::Payload,
    encoding::Encoding,
    endpoint::Endpoint,
    failure::Failure,
    intake::{Intake, Taken, Unsettled},
    metadata,
    reply::{ReplyBody, put, reply},
    security::Shown,
};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
/// What is read of a stranger's body.
const STRANGER_BYTES: u64 = 1 << 20;
/// What is read of any refused body over HTTP/2: about what a client may send before it is told that it may send more.
const ON_ITS_WAY_BYTES: u64 = 64 << 10;
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// Answers OTLP over HTTP.
pub(super) struct OtlpHttp {
    intake: Intake,
    cors: Option<Cors>,
}

impl OtlpHttp {
    pub(super) fn new(intake: Intake) -> Self {
        let cors = intake.config.cors.clone().map(|cors| Cors::new(cors, &intake.config.metadata));
        Self { intake, cors }
    }

    async fn take(&self, head: &Parts, body: &mut Incoming) -> Result<(Endpoint, Taken), Failure> {
        self.intake.authenticate(&head.headers)?;
        let path = head.uri.path();
        let endpoint = Endpoint::of_http_path(path).ok_or_else(|| {
            Failure::NotFound(format!("no such path: {path}; served are /v1/traces, /v1/logs and /v1/metrics"))
        })?;
        if head.method != Method::POST {
            return Err(Failure::WrongMethod(format!("{} is not served, only POST", head.method)));
        }
        let is_json = is_json(&head.headers)?;
        let encoding = encoding(&head.headers)?;
        let limits = self.limits();
        body::check_length(body, limits)?;
        let metadata = metadata::copy(&head.headers, &self.intake.config.metadata)?;
        let mut admitted = self.intake.admit(endpoint, &head.extensions).await?;
        let bytes = self.intake.read(body, limits, &mut admitted).await?;
        let payload = Payload::new(bytes, encoding, is_json);
        let taken = self.intake.take(endpoint, payload, metadata, admitted).await?;
        Ok((endpoint, taken))
    }

    fn limits(&self) -> BodyLimits {
        let config = &self.intake.config;
        BodyLimits {
            max_bytes: config.max_request_bytes,
            framing_bytes: 0,
            announced: |_| 0,
            read_timeout: config.read_timeout,
        }
    }
}

impl Answer for OtlpHttp {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<ReplyBody> {
        let (head, body) = request.into_parts();
        let Some(cors) = &self.cors else { return self.answer_sender(&head, body).await };
        match cors.preflight(&head) {
            Some(Preflight::Allowed(response)) => {
                self.intake.stats.preflights.add(1);
                response
            }
            Some(Preflight::Refused(response, why)) => {
                self.intake.refuse_page(&why);
                response
            }
            None => {
                let mut response = self.answer_sender(&head, body).await;
                cors.name_origin(head.headers.get(header::ORIGIN), &mut response);
                response
            }
        }
    }
}

impl OtlpHttp {
    async fn answer_sender(&self, head: &Parts, mut body: Incoming) -> Response<ReplyBody> {
        let unsettled = Unsettled::new(&self.intake);
        let result = self.take(head, &mut body).await;
        unsettled.settle(&result.as_ref().map(|(_, taken)| taken.clone()).map_err(Clone::clone));
        // An unknown type is answered in JSON, which a person can read.
        let is_protobuf = content_type(&head.headers).is_ok_and(|name| name.eq_ignore_ascii_case(PROTOBUF));
        match result {
            Ok((endpoint, taken)) => match is_protobuf {
                true => reply(StatusCode::OK, PROTOBUF, taken_protobuf(&taken)),
                false => reply(StatusCode::OK, JSON, taken_json(endpoint, &taken)),
            },
            Err(failure) => {
                if !has_lost_the_body(&failure) {
                    let (max_bytes, read_timeout) = self.discarded(head.version, &failure);
                    body::discard(body, &head.headers, max_bytes, read_timeout).await;
                }
                refuse(&failure, is_protobuf)
            }
        }
    }
}

impl OtlpHttp {
    /// How much of a refused body is read, and how long the next piece of it is waited for. Over HTTP/2 the answer needs
    /// no such thing, but there are clients (curl 7.88 is one) that lose it if the stream is reset behind it: what is on
    /// its way already is taken. Of a stranger's body no more than an ordinary request has.
    fn discarded(&self, version: Version, failure: &Failure) -> (u64, Duration) {
        let read_timeout = self.intake.config.read_timeout;
        match failure {
            _ if version >= Version::HTTP_2 => (ON_ITS_WAY_BYTES, ON_ITS_WAY.min(read_timeout)),
            Failure::Unauthenticated(_) => (STRANGER_BYTES, read_timeout),
            _ => (body::MAX_DISCARDED_BYTES, read_timeout),
        }
    }
}

/// Whether the body cannot be read any further.
fn has_lost_the_body(failure: &Failure) -> bool {
    matches!(failure, Failure::TimedOut(_) | Failure::Displaced(_) | Failure::Disconnected(_))
}

fn refuse(failure: &Failure, is_protobuf: bool) -> Response<ReplyBody> {
    let status = status(failure);
    let mut response = match is_protobuf {
        true => reply(status, PROTOBUF, status_protobuf(failure)),
        false => reply(status, JSON, status_json(failure)),
    };
    if let Some(delay) = failure.retry_after() {
        // Whole seconds, at least one: zero would mean at once.
        let seconds = delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0)).max(1);
        put(&mut response, header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    match status {
        StatusCode::UNAUTHORIZED => put(&mut response, header::WWW_AUTHENTICATE, challenge(failure)),
        StatusCode::METHOD_NOT_ALLOWED => put(&mut response, header::ALLOW, HeaderValue::from_static("POST")),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            put(&mut response, header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, identity"));
        }
        _ => {}
    }
    // What is left of the body is not read.
    if has_lost_the_body(failure) {
        put(&mut response, header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// RFC 6750, section 3: an error is named only to who has tried a token.
fn challenge(failure: &Failure) -> HeaderValue {
    HeaderValue::from_static(match failure {
        Failure::Unauthenticated(Shown::Unknown) => r#"Bearer realm="otlp", error="invalid_token""#,
        _ => r#"Bearer realm="otlp""#,
    })
}

fn status(failure: &Failure) -> StatusCode {
    match failure {
        Failure::Malformed(_) | Failure::Disconnected(_) => StatusCode::BAD_REQUEST,
        Failure::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Failure::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Failure::NotFound(_) => StatusCode::NOT_FOUND,
        Failure::WrongMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
        Failure::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Failure::Refused(_) | Failure::OverBudget(_) => StatusCode::TOO_MANY_REQUESTS,
        Failure::Busy(_) | Failure::Displaced(_) => StatusCode::SERVICE_UNAVAILABLE,
        Failure::TimedOut(_) => StatusCode::REQUEST_TIMEOUT,
        Failure::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The media type without its parameters.
fn content_type(headers: &HeaderMap) -> Result<&str, Failure> {
    let value = single(headers, &header::CONTENT_TYPE)?;
    Ok(value.split(';').next().unwrap_or_default().trim())
}

fn is_json(headers: &HeaderMap) -> Result<bool, Failure> {
    match content_type(headers)? {
        name if name.eq_ignore_ascii_case(PROTOBUF) => Ok(false),
        name if name.eq_ignore_ascii_case(JSON) => Ok(true),
        name if name.starts_with("application/grpc") => {
            let message = "this is OTLP over HTTP; OTLP over gRPC is served by [receivers.otlp_grpc], usually on 4317";
            Err(Failure::Unsupported(message.to_owned()))
        }
        name => Err(Failure::Unsupported(format!("content-type {name:?} is not served, only {PROTOBUF} and {JSON}"))),
    }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Failure> {
    let name = single(headers, &header::CONTENT_ENCODING)?;
    let served = Encoding::SERVED;
    Encoding::of(name).ok_or_else(|| {
        Failure::Unsupported(format!("content-encoding {name:?} is not served, only {served}, and only once"))
    })
}

/// The value of a header that may be given once; empty if it is absent.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Failure> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map_or(Ok(""), |value| value.to_str());
    match (value, values.next()) {
        (Ok(value), None) => Ok(value.trim()),
        _ => Err(Failure::Unsupported(format!("{name} is given twice, or is not ASCII text"))),
    }
}
