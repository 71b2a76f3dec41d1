//! What a response, or the lack of one, means for a batch: the table of OTLP/HTTP ("Failures", "Retryable Response
//! Codes"), which Zipkin and most others share.

use super::{Error, Response, retry_after};
use crate::Outcome;

/// How much of a backend's words goes into a reason, in bytes.
const MAX_REASON_BYTES: usize = 256;

impl Response {
    /// 2xx: accepted. 429, 502, 503, 504: retry after what `Retry-After` says. Anything else: rejected, with the start
    /// of the body if it is text.
    pub fn outcome(&self) -> Outcome {
        match self.status {
            200..300 => Outcome::Accepted,
            429 | 502..=504 => Outcome::retry_after(retry_after::delay(self), self.reason()),
            _ => Outcome::rejected(self.reason()),
        }
    }

    /// The status and, if the body is text, its start.
    pub fn reason(&self) -> String {
        let start = &self.body[..self.body.len().min(MAX_REASON_BYTES)];
        // A character cut in two at the end is left out.
        let text = match std::str::from_utf8(start) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => "",
        };
        let text = text.trim();
        if text.is_empty() || text.contains(|character: char| character.is_control() && !character.is_whitespace()) {
            format!("status {}", self.status)
        } else {
            format!("status {}: {text}", self.status)
        }
    }
}

impl Error {
    /// What could come right by itself is tried again. A request that is denied or invalid stays so, and one whose
    /// answer was too large has been taken already.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Denied(_) | Self::InvalidRequest(_) | Self::ResponseTooLarge => Outcome::rejected(self.to_string()),
            Self::Dns(_) | Self::Connect(_) | Self::Tls(_) | Self::Timeout | Self::Broken(_) | Self::OverQuota(_) => {
                Outcome::retry(self.to_string())
            }
        }
    }
}

impl From<Response> for Outcome {
    fn from(response: Response) -> Self {
        response.outcome()
    }
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        error.outcome()
    }
}

impl From<Result<Response, Error>> for Outcome {
    fn from(result: Result<Response, Error>) -> Self {
        result.map_or_else(Self::from, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &[u8]) -> Response {
        Response { status, body: body.to_vec(), ..Response::default() }
    }

    #[test]
    fn only_four_statuses_are_tried_again() {
        for status in 100..600 {
            let outcome = response(status, b"").outcome();
            match status {
                200..300 => assert_eq!(outcome, Outcome::Accepted),
                429 | 502 | 503 | 504 => assert_eq!(outcome, Outcome::retry(format!("status {status}"))),
                _ => assert_eq!(outcome, Outcome::rejected(format!("status {status}"))),
            }
        }
    }

    #[test]
    fn a_reason_quotes_the_start_of_a_text_body_and_no_binary_one() {
        assert_eq!(response(400, b" no such span\n").reason(), "status 400: no such span");
        assert_eq!(response(400, &[8, 3, 18, 2]).reason(), "status 400");
        assert_eq!(response(400, &[b'a', 0xff, b'b']).reason(), "status 400");
        let long = "é".repeat(1000);
        let reason = response(500, format!("x{long}").as_bytes()).reason();
        assert_eq!(reason, format!("status 500: x{}", "é".repeat(127)));
    }

    #[test]
    fn what_may_come_right_is_tried_again_and_what_cannot_is_not() {
        assert!(matches!(Error::Timeout.outcome(), Outcome::RetryAfter(_)));
        assert!(matches!(Error::Connect("refused".into()).outcome(), Outcome::RetryAfter(_)));
        assert!(matches!(Error::OverQuota("requests".into()).outcome(), Outcome::RetryAfter(_)));
        assert_eq!(Error::Denied("http://a".into()).outcome(), Outcome::rejected("denied: http://a"));
        assert!(matches!(Error::InvalidRequest("url".into()).outcome(), Outcome::Rejected(_)));
    }
}
