//! Why a request was not taken, before HTTP or gRPC spell it.

use std::time::Duration;

use spangate_core::consumer::Refusal;

use super::{security::Shown, stats::Outcome};
use crate::text::is_invisible;

/// Longest message that goes back to a sender, bytes.
const MESSAGE_BYTES: usize = 1024;

/// Why a request was not taken. Messages say what was found and what is allowed; they may quote the sender's own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The body is not what it says it is. Sending it again cannot help.
    Malformed(String),
    /// A limit was exceeded. Sending it again cannot help.
    TooLarge(String),
    /// No bearer token, or one that is not let in.
    Unauthenticated(Shown),
    /// No such path, or a signal that is not taken here.
    NotFound(String),
    /// Only POST is served.
    WrongMethod(String),
    /// A content type or an encoding that is not served.
    Unsupported(String),
    /// The consumer has no room.
    Refused(Refusal),
    /// Too many requests at once.
    Busy(Refusal),
    /// Too many requests at once, and this one's body took long.
    Displaced(Refusal),
    /// Too many bytes in all requests together.
    OverBudget(Refusal),
    /// The body came too slowly, or the sender's own deadline passed.
    TimedOut(String),
    /// The sender went away.
    Disconnected(String),
    /// A defect of spangate.
    Failed(String),
}

impl Failure {
    /// How the request is counted.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Malformed(_) => Outcome::Malformed,
            Self::TooLarge(_) => Outcome::TooLarge,
            Self::Unauthenticated(_) => Outcome::Unauthenticated,
            Self::NotFound(_) | Self::WrongMethod(_) | Self::Unsupported(_) => Outcome::Unsupported,
            Self::Refused(_) => Outcome::Refused,
            Self::Busy(_) | Self::Displaced(_) | Self::OverBudget(_) => Outcome::Busy,
            Self::TimedOut(_) => Outcome::TimedOut,
            Self::Disconnected(_) => Outcome::Disconnected,
            Self::Failed(_) => Outcome::Failed,
        }
    }

    /// The failure's code in google.rpc.Status and in `grpc-status`. None of them is retryable for OTLP but UNAVAILABLE,
    /// DEADLINE_EXCEEDED, CANCELLED, and RESOURCE_EXHAUSTED if it says when.
    pub(super) fn code(&self) -> u32 {
        match self {
            Self::Disconnected(_) => 1,
            Self::Malformed(_) => 3,
            Self::TimedOut(_) => 4,
            Self::TooLarge(_) | Self::OverBudget(_) => 8,
            Self::NotFound(_) | Self::WrongMethod(_) | Self::Unsupported(_) => 12,
            Self::Failed(_) => 13,
            Self::Refused(_) | Self::Busy(_) | Self::Displaced(_) => 14,
            Self::Unauthenticated(_) => 16,
        }
    }

    /// One line for the sender, bounded, without control characters.
    pub(super) fn message(&self) -> String {
        one_line(match self {
            Self::Malformed(text) | Self::TooLarge(text) | Self::NotFound(text) | Self::WrongMethod(text) => text,
            Self::Unsupported(text) | Self::TimedOut(text) | Self::Disconnected(text) | Self::Failed(text) => text,
            Self::Refused(refusal) | Self::Busy(refusal) => &refusal.reason,
            Self::Displaced(refusal) | Self::OverBudget(refusal) => &refusal.reason,
            Self::Unauthenticated(shown) => shown.message(),
        })
    }

    /// When the sender may try again, for those failures that pass.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) | Self::Busy(refusal) => Some(refusal.retry_after),
            Self::Displaced(refusal) | Self::OverBudget(refusal) => Some(refusal.retry_after),
            _ => None,
        }
    }
}

/// `text` on one line, at most 1,024 bytes.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(MESSAGE_BYTES));
    for character in text.chars() {
        let character = if character.is_control() || is_invisible(character) { ' ' } else { character };
        if line.len() + character.len_utf8() > MESSAGE_BYTES - '…'.len_utf8() {
            line.push('…');
            break;
        }
        line.push(character);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_bounded_line() {
        assert_eq!(one_line("a\r\nb\u{1b}[31m\u{2028}\u{202e}c"), "a  b [31m  c");
        let long = one_line(&"ä".repeat(5000));
        assert!(long.len() <= MESSAGE_BYTES && long.ends_with('…'), "{} bytes", long.len());
    }
}
