//! `ExportTraceServiceResponse` and `ExportLogsServiceResponse`: field 1 is `partial_success`, with 1 = number of
//! rejected rows and 2 = message (opentelemetry-proto, `collector/{trace,logs}/v1`).

use spangate_sdk::protobuf::{Value, fields};

/// What a backend says beside that it has taken a request.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    pub rejected: u64,
    pub message: String,
}

/// Reads an answer. What is malformed says nothing: the status has already said that the request was taken.
pub fn read(body: &[u8]) -> Answer {
    let mut answer = Answer::default();
    for (field, value) in fields(body) {
        let Value::Bytes(partial_success) = value else { continue };
        if field != 1 {
            continue;
        }
        for inner in fields(partial_success) {
            match inner {
                (1, Value::Number(rejected)) if rejected <= i64::MAX as u64 => answer.rejected = rejected,
                (2, Value::Bytes(message)) => answer.message = String::from_utf8_lossy(message).into_owned(),
                _ => {}
            }
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_answer_rejects_nothing() {
        assert_eq!(read(b""), Answer::default());
        assert_eq!(read(&[0x0a, 0x00]), Answer::default());
    }

    #[test]
    fn a_count_and_a_message_are_read_past_unknown_fields() {
        let partial = [&[0x08, 0x82, 0x01, 0x1a, 0x01, 0xff, 0x12, 0x07][..], b"too old"].concat();
        let body = [&[0x2d, 1, 2, 3, 4, 0x0a, partial.len() as u8][..], &partial].concat();
        assert_eq!(read(&body), Answer { rejected: 130, message: "too old".to_owned() });
    }

    #[test]
    fn what_is_malformed_or_negative_rejects_nothing() {
        for body in [&b"OK"[..], &[0x0a, 0x7f, 0x08], &[0xff; 20], &[0x0a, 0x02, 0x08, 0x80]] {
            assert_eq!(read(body), Answer::default(), "{body:?}");
        }
        let minus_one = [&[0x0a, 0x0b, 0x08][..], &[0xff; 9], &[0x01]].concat();
        assert_eq!(read(&minus_one), Answer::default());
    }
}
