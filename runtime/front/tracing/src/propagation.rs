//! W3C Trace Context in HTTP headers: `traceparent` and `tracestate`.
//!
//! Constraints: headers come from anybody; an invalid one never fails a request. It is ignored as the specification says:
//! an invalid `traceparent` begins a new trace, an invalid `tracestate` is dropped alone. [`invalid_headers`] tells which
//! and why, for whoever wants to count or log it. Nothing is logged here, because an event would fix the trace of the span
//! that is about to get its parent.
//!
//! ```
//! use spangate_tracing::{extract, inject};
//!
//! let mut request = http::HeaderMap::new();
//! request.insert("traceparent", "00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01".parse().unwrap());
//! let caller = extract(&request);
//! assert!(caller.is_valid() && caller.is_remote && caller.is_sampled());
//!
//! let mut onward = http::HeaderMap::new();
//! inject(&caller, &mut onward);
//! assert_eq!(onward, request);
//! ```

use http::{HeaderMap, HeaderName, HeaderValue, header::GetAll};
use spangate_core::context::{SpanContext, TraceState};

/// The header with the ids.
pub const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header with what tracing systems add for themselves.
pub const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// Characters of a header's value that an error shows.
const MAX_SHOWN: usize = 80;

/// A header that was ignored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHeader {
    /// There may be one `traceparent` only. A new trace begins.
    #[error("traceparent: {count} headers, one is allowed; a new trace begins")]
    ManyTraceParents {
        /// How many there are.
        count: usize,
    },
    /// The grammar is broken. A new trace begins.
    #[error(
        "traceparent: {value:?} is not VERSION-TRACE_ID-PARENT_ID-FLAGS in 2, 32, 16 and 2 lower-case hex digits, ids not \
         all zero; a new trace begins"
    )]
    TraceParent {
        /// The header's value, shortened and escaped.
        value: String,
    },
    /// The grammar is broken. The trace goes on without it.
    #[error("tracestate: {value:?} is not a list of at most 32 entries KEY=VALUE; it is left out")]
    TraceState {
        /// The headers' values, joined, shortened and escaped.
        value: String,
    },
}

/// The caller's span. Not valid if the headers have none that can be used: then a new trace begins.
pub fn extract(headers: &HeaderMap) -> SpanContext {
    let trace_parents = headers.get_all(TRACE_PARENT);
    let trace_states = headers.get_all(TRACE_STATE);
    SpanContext::from_headers(texts(&trace_parents), texts(&trace_states)).unwrap_or_default()
}

/// Writes the context into the headers, in place of any that are there. A context that is not valid changes nothing. At
/// most 512 characters of the trace state are sent; whole entries go.
pub fn inject(context: &SpanContext, headers: &mut HeaderMap) {
    let Some(trace_parent) = context.to_trace_parent().and_then(|text| HeaderValue::try_from(text).ok()) else {
        return;
    };
    headers.insert(TRACE_PARENT, trace_parent);
    match context.to_trace_state().and_then(|text| HeaderValue::try_from(text).ok()) {
        Some(trace_state) => headers.insert(TRACE_STATE, trace_state),
        None => headers.remove(TRACE_STATE),
    };
}

/// Which of the headers [`extract`] ignores, and why; none if there are none or all are valid. For counting and logging:
/// it reads the headers once more.
pub fn invalid_headers(headers: &HeaderMap) -> Option<InvalidHeader> {
    let trace_parents = headers.get_all(TRACE_PARENT);
    let count = trace_parents.iter().count();
    if count > 1 {
        return Some(InvalidHeader::ManyTraceParents { count });
    }
    let trace_parent = trace_parents.iter().next()?;
    if SpanContext::from_headers(texts(&trace_parents), []).is_none() {
        return Some(InvalidHeader::TraceParent { value: show(trace_parent.as_bytes()) });
    }
    let trace_states = headers.get_all(TRACE_STATE);
    if TraceState::from_headers(texts(&trace_states)).is_none() {
        let values: Vec<&[u8]> = trace_states.iter().map(HeaderValue::as_bytes).collect();
        return Some(InvalidHeader::TraceState { value: show(&values.join(&b", "[..])) });
    }
    None
}

/// The values of a header. One that is no text is replaced by one that is never valid.
fn texts<'a>(values: &'a GetAll<'a, HeaderValue>) -> impl Iterator<Item = &'a str> {
    values.iter().map(|value| value.to_str().unwrap_or("="))
}

fn show(value: &[u8]) -> String {
    String::from_utf8_lossy(value).chars().take(MAX_SHOWN).collect()
}
