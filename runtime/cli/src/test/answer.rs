//! What a scripted backend answers, and what an exporter should make of it.

use std::{str::FromStr, time::Duration};

use spangate::sandbox::{HttpFailure, HttpRequest, HttpResponse};
use spangate_core::exporter::{ExportError, ExportOutcome};

use crate::trial::in_kind;

/// What a scripted backend asks to wait when it is busy.
const RETRY_AFTER: Duration = Duration::from_secs(7);

/// One way in which a backend answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A status, and the text of its body.
    Status(u16, String),
    /// No connection, no answer in time, or half of one.
    Failure(HttpFailure),
}

/// What should become of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Accepted,
    /// After what was asked for, if anything was.
    Retry(Option<Duration>),
    Rejected,
    /// Anything but accepted.
    NotAccepted,
    /// The host pauses the exporter.
    Paused,
}

impl Answer {
    /// What is answered unless the author says otherwise.
    pub(super) fn usual() -> Vec<Self> {
        let statuses = [200, 429, 503, 400, 413].map(|status| Self::Status(status, String::new()));
        let failures = [HttpFailure::Connect, HttpFailure::Timeout].map(Self::Failure);
        statuses.into_iter().chain(failures).collect()
    }

    /// Whether the backend took the batch.
    pub(super) fn is_success(&self) -> bool {
        matches!(self, Self::Status(200..300, _))
    }

    /// In words.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Status(429, _) => format!("429, Retry-After: {}", RETRY_AFTER.as_secs()),
            Self::Status(status, _) => status.to_string(),
            Self::Failure(HttpFailure::Connect) => "no connection".into(),
            Self::Failure(HttpFailure::Timeout) => "no answer in time".into(),
            Self::Failure(_) => "half an answer".into(),
        }
    }

    /// The answer itself. What is sent by gRPC is answered by gRPC.
    pub(super) fn give(&self, request: &HttpRequest) -> Result<HttpResponse, HttpFailure> {
        let (status, body) = match self {
            Self::Status(status, body) => (*status, body.clone().into_bytes()),
            Self::Failure(failure) => return Err(*failure),
        };
        let mut response = HttpResponse { status, body, ..HttpResponse::default() };
        if status == 429 {
            response.headers.push(("retry-after".into(), RETRY_AFTER.as_secs().to_string()));
        }
        Ok(in_kind(request, response))
    }

    /// What is wrong with an outcome, and what would be right; none if it is right.
    pub(super) fn judge(&self, outcome: &Result<ExportOutcome, ExportError>) -> Option<&'static str> {
        use ExportOutcome::{Accepted, Partial, Rejected, RetryAfter};
        match (self.right(), outcome) {
            (Right::Accepted, Ok(Accepted | Partial(_)))
            | (Right::Rejected, Ok(Rejected { .. } | Partial(_)))
            | (Right::NotAccepted, Ok(Rejected { .. } | RetryAfter { .. } | Partial(_)))
            | (Right::Paused, Err(ExportError::Unauthorized { .. })) => None,
            (Right::Retry(None), Ok(RetryAfter { .. })) => None,
            (Right::Retry(Some(asked)), Ok(RetryAfter { delay, .. })) => {
                (*delay != Some(asked)).then_some("pass the seconds of `retry-after` on as the delay of `retry-after`")
            }
            (Right::Accepted, _) => Some("answer `accepted`: the backend took the batch"),
            (Right::Retry(_), Ok(Accepted)) => {
                Some("answer `retry-after`: the batch is lost although it could be sent later")
            }
            (Right::Retry(_), Ok(Partial(_))) => Some("answer `retry-after`: the backend took no row"),
            (Right::Retry(_), _) => {
                Some("answer `retry-after`: the same request may be taken later, and is not sent again now")
            }
            (Right::Rejected, Ok(Accepted)) => Some("answer `rejected`: the batch is lost and counted as delivered"),
            (Right::Rejected, _) => {
                Some("answer `rejected`: the same request will be refused each time, and others wait for it")
            }
            (Right::NotAccepted, _) => {
                Some("answer `rejected` or `retry-after`: the batch is lost and counted as delivered")
            }
            (Right::Paused, _) => Some("send the request: the host sees the status itself and pauses the exporter"),
        }
    }

    /// OTLP/HTTP's table of failures, which most backends share.
    fn right(&self) -> Right {
        match self {
            Self::Status(200..300, _) => Right::Accepted,
            Self::Status(429, _) => Right::Retry(Some(RETRY_AFTER)),
            Self::Status(502..=504, _) | Self::Failure(_) => Right::Retry(None),
            Self::Status(401 | 403, _) => Right::Paused,
            Self::Status(408 | 425 | 500.., _) => Right::NotAccepted,
            Self::Status(..) => Right::Rejected,
        }
    }
}

impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (what, body) = text.split_once('=').unwrap_or((text, ""));
        match (what, what.parse()) {
            (_, Ok(status @ 200..600)) => Ok(Self::Status(status, body.to_owned())),
            ("refused", _) => Ok(Self::Failure(HttpFailure::Connect)),
            ("timeout", _) => Ok(Self::Failure(HttpFailure::Timeout)),
            ("broken", _) => Ok(Self::Failure(HttpFailure::Broken)),
            _ => Err("an answer is a status from 200 to 599, STATUS=BODY, `refused`, `timeout` or `broken`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(delay: Option<u64>) -> Result<ExportOutcome, ExportError> {
        Ok(ExportOutcome::RetryAfter { delay: delay.map(Duration::from_secs), reason: String::new() })
    }

    fn judged(answer: &str, outcome: &Result<ExportOutcome, ExportError>) -> bool {
        answer.parse::<Answer>().expect(answer).judge(outcome).is_none()
    }

    #[test]
    fn what_is_made_of_an_answer_is_judged_by_what_delivery_needs() {
        let (accepted, rejected) = (Ok(ExportOutcome::Accepted), Ok(ExportOutcome::Rejected { reason: String::new() }));
        for (answer, rights) in [
            ("200", [true, false, false]),
            ("204", [true, false, false]),
            ("503", [false, true, false]),
            ("refused", [false, true, false]),
            ("timeout", [false, true, false]),
            ("400", [false, false, true]),
            ("413", [false, false, true]),
            ("302", [false, false, true]),
            ("500", [false, true, true]),
        ] {
            assert_eq!([&accepted, &retry(None), &rejected].map(|outcome| judged(answer, outcome)), rights, "{answer}");
        }
        assert!(judged("429", &retry(Some(7))) && !judged("429", &retry(None)) && !judged("429", &retry(Some(1))));
        let paused = Err(ExportError::Unauthorized { reason: String::new(), partial: None });
        assert!(judged("401", &paused) && !judged("401", &accepted));
    }

    #[test]
    fn an_answer_is_a_status_with_or_without_a_body_or_a_failure() {
        assert_eq!("200={\"ok\":1}".parse(), Ok(Answer::Status(200, "{\"ok\":1}".into())));
        assert_eq!("broken".parse(), Ok(Answer::Failure(HttpFailure::Broken)));
        for text in ["", "99", "100", "600", "200 OK", "lost", "-1"] {
            assert!(text.parse::<Answer>().is_err(), "{text}");
        }
    }
}
