//! Pages in browsers: which may send, and how a browser is told.
//!
//! Source: Fetch standard, "CORS protocol". Constraints: a preflight carries no token, so that it is answered before tokens
//! are looked at, and tells nothing but what the configuration allows; every answer says for which origin it is, errors
//! too, or a page would see only that something failed; without configuration nothing is said and browsers refuse. This
//! keeps pages from reading answers and sending OTLP; it keeps nobody else from anything.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts};

use super::{
    endpoint::Endpoint,
    reply::{ReplyBody, put, reply},
};
use crate::config::{self, AllowedOrigin};

/// Headers that senders of OTLP use. Those that browsers always allow need no mention, but some ask nevertheless.
const USUAL_HEADERS: [&str; 7] = [
    "accept",
    "accept-language",
    "authorization",
    "content-encoding",
    "content-language",
    "content-type",
    "x-requested-with",
];
const TEXT: &str = "text/plain; charset=utf-8";
const ON_PREFLIGHT: &str = "origin, access-control-request-method, access-control-request-headers";

/// What browsers are told.
pub(super) struct Cors {
    config: config::Cors,
    /// Besides the usual ones.
    allowed_headers: Vec<String>,
}

/// What became of a preflight.
pub(super) enum Preflight {
    /// The page may send.
    Allowed(Response<ReplyBody>),
    /// It may not, and why.
    Refused(Response<ReplyBody>, String),
}

impl Cors {
    /// As `config` has it; headers that travel with the batch are allowed as well.
    pub(super) fn new(config: config::Cors, metadata: &[String]) -> Self {
        let allowed_headers = config.allowed_headers.iter().chain(metadata).cloned().collect();
        Self { config, allowed_headers }
    }

    /// Answers a browser that asks whether a page may send; none if this is another request.
    pub(super) fn preflight(&self, head: &Parts) -> Option<Preflight> {
        let method = head.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        let origin = head.headers.get(header::ORIGIN)?;
        if head.method != Method::OPTIONS {
            return None;
        }
        let mut response = match self.refusal(head, origin, method) {
            None => {
                let mut response = Response::new(ReplyBody::default());
                *response.status_mut() = StatusCode::NO_CONTENT;
                put(&mut response, header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
                if let Some(headers) = joined(&head.headers) {
                    put(&mut response, header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
                }
                let max_age = HeaderValue::from(self.config.max_age.as_secs());
                put(&mut response, header::ACCESS_CONTROL_MAX_AGE, max_age);
                Preflight::Allowed(response)
            }
            Some(why) => Preflight::Refused(reply(StatusCode::FORBIDDEN, TEXT, format!("{why}\n")), why),
        };
        let (Preflight::Allowed(answer) | Preflight::Refused(answer, _)) = &mut response;
        self.name_origin(Some(origin), answer);
        put(answer, header::VARY, HeaderValue::from_static(ON_PREFLIGHT));
        Some(response)
    }

    /// Tells the browser that the page of this origin may read the answer, if it may.
    pub(super) fn name_origin(&self, origin: Option<&HeaderValue>, response: &mut Response<ReplyBody>) {
        put(response, header::VARY, HeaderValue::from_static("origin"));
        let Some(origin) = origin else { return };
        let Some(allowed) = self.allowing(origin) else { return };
        let named = match allowed {
            AllowedOrigin::Any => HeaderValue::from_static("*"),
            _ => {
                // Beacons are always sent with credentials, and would be held back without this.
                put(response, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
                origin.clone()
            }
        };
        put(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, named);
        put(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    }

    /// Why a page may not send; none if it may.
    fn refusal(&self, head: &Parts, origin: &HeaderValue, method: &HeaderValue) -> Option<String> {
        if self.allowing(origin).is_none() {
            return Some(format!("the origin {origin:?} is not in cors.allowed_origins"));
        }
        if method != "POST" {
            return Some(format!("the method {method:?} is not served, only POST"));
        }
        if Endpoint::of_http_path(head.uri.path()).is_none() {
            return Some(format!("no such path: {:?}", head.uri.path()));
        }
        let asked = asked_headers(&head.headers);
        let unknown = asked.into_iter().find(|name| name.is_none_or(|name| !self.allows_header(name)))?;
        let name = unknown.unwrap_or("(not text)");
        Some(format!("the request header {name:?} is not in cors.allowed_headers"))
    }

    /// The entry that allows an origin, those that name it first.
    fn allowing(&self, origin: &HeaderValue) -> Option<&AllowedOrigin> {
        let origin = origin.to_str().ok()?;
        let entries = &self.config.allowed_origins;
        let naming = entries.iter().find(|allowed| match allowed {
            AllowedOrigin::Any => false,
            AllowedOrigin::Exact(exact) => exact == origin,
            AllowedOrigin::Below { scheme, domain } => {
                let host = origin.strip_prefix(scheme.as_str()).and_then(|host| host.strip_suffix(domain.as_str()));
                host.is_some_and(|below| {
                    !below.is_empty()
                        && below.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
                })
            }
        });
        naming.or_else(|| entries.iter().find(|allowed| **allowed == AllowedOrigin::Any))
    }

    fn allows_header(&self, name: &str) -> bool {
        let is = |known: &str| known == "*" || known.eq_ignore_ascii_case(name);
        USUAL_HEADERS.into_iter().any(is) || self.allowed_headers.iter().any(|known| is(known))
    }
}

/// The names of the headers that a page wants to send; none for what is no name.
fn asked_headers(headers: &HeaderMap) -> Vec<Option<&str>> {
    let lines = headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let names = lines.flat_map(|line| line.to_str().unwrap_or("(not text)").split(','));
    names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| HeaderName::from_bytes(name.as_bytes()).is_ok().then_some(name))
        .collect()
}

/// The same names as they were asked for, which are allowed by now.
fn joined(headers: &HeaderMap) -> Option<HeaderValue> {
    let names: Vec<_> = asked_headers(headers).into_iter().flatten().collect();
    (!names.is_empty()).then(|| HeaderValue::try_from(names.join(", ")).ok()).flatten()
}
