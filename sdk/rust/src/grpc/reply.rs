//! What a response says about a call.

use super::metadata::decode_percent;
use super::{Code, RetryInfo, Status};
use crate::http::{Response, retry_delay};

/// How much of a server's words is kept, in bytes.
const MAX_MESSAGE_BYTES: usize = 256;

/// The flag and the length before a message.
const PREFIX_BYTES: usize = 5;

/// The message of an answer that is OK; none if there is none that can be read.
///
/// The status is among the trailers, or among the headers of a response without a body.
pub(super) fn judge(response: &Response) -> Result<Option<Vec<u8>>, Status> {
    let Some(status) = metadata(response, "grpc-status") else { return Err(without_status(response)) };
    match status.trim().parse().map_or(Code::UNKNOWN, Code) {
        Code::OK => Ok(unframe(&response.body)),
        code => Err(Status {
            code,
            message: decode_percent(metadata(response, "grpc-message").unwrap_or_default(), MAX_MESSAGE_BYTES),
            retry_info: metadata(response, "grpc-status-details-bin").and_then(RetryInfo::of_details),
        }),
    }
}

fn metadata<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.trailer(name).or_else(|| response.header(name))
}

/// What was answered by something else than a gRPC server, or lost its end on the way.
fn without_status(response: &Response) -> Status {
    let content_type = response.header("content-type").unwrap_or_default();
    let message = match response.status {
        200 if content_type.starts_with("application/grpc") => {
            "the answer has no grpc-status: its trailers are missing, perhaps lost in a proxy".to_owned()
        }
        200 => {
            let start = decode_percent(content_type, 64);
            format!("status 200 and no grpc-status: no gRPC server answers there (content-type {start:?})")
        }
        _ => response.reason(),
    };
    let retry_info = retry_delay(response).map(|delay| RetryInfo { delay: Some(delay) });
    Status { code: Code::of_http(response.status), message, retry_info }
}

/// The one message of a body. None if it is missing, cut short, or still compressed.
fn unframe(body: &[u8]) -> Option<Vec<u8>> {
    let (prefix, rest) = body.split_at_checked(PREFIX_BYTES)?;
    let [0, length @ ..] = prefix else { return None };
    let length = u32::from_be_bytes(length.try_into().ok()?);
    rest.get(..usize::try_from(length).ok()?).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    fn response(status: u16, headers: &[(&str, &str)], body: &[u8], trailers: &[(&str, &str)]) -> Response {
        Response { status, headers: pairs(headers), body: body.to_vec(), trailers: pairs(trailers) }
    }

    const GRPC: (&str, &str) = ("content-type", "application/grpc+proto");

    #[test]
    fn a_message_is_taken_out_of_its_frame_if_the_trailers_say_ok() {
        let answer = |body: &[u8]| judge(&response(200, &[GRPC], body, &[("grpc-status", "0")])).unwrap();
        assert_eq!(answer(b"\0\0\0\0\x02ok").as_deref(), Some(&b"ok"[..]));
        assert_eq!(answer(b"\0\0\0\0\0").as_deref(), Some(&b""[..]));
        for body in [&b""[..], b"\0\0\0\0", b"\0\0\0\0\x03ok", b"\x01\0\0\0\x02ok", b"\0\xff\xff\xff\xff"] {
            assert_eq!(answer(body), None, "{body:?}");
        }
    }

    #[test]
    fn a_status_is_read_from_trailers_and_from_headers_alone() {
        let said = [("grpc-status", "14"), ("grpc-message", "busy%2C 100%25")];
        let expected = Status { code: Code::UNAVAILABLE, message: "busy, 100%".to_owned(), retry_info: None };
        assert_eq!(judge(&response(200, &[GRPC], b"", &said)), Err(expected.clone()));
        assert_eq!(judge(&response(200, &[GRPC, said[0], said[1]], b"", &[])), Err(expected.clone()));
        // The trailers have the last word, and a status counts whatever HTTP says.
        let both = response(500, &[GRPC, ("grpc-status", "0")], b"", &said);
        assert_eq!(judge(&both), Err(expected));
        let details = [
            ("grpc-status", "8"),
            ("grpc-status-details-bin", "GiwKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SAA"),
        ];
        let status = judge(&response(200, &[GRPC], b"", &details)).unwrap_err();
        assert_eq!(status.retry_info, Some(RetryInfo { delay: None }));
    }

    #[test]
    fn a_status_that_is_no_number_is_unknown() {
        for text in ["", "fine", "-1", "4294967296"] {
            let status = judge(&response(200, &[GRPC], b"", &[("grpc-status", text)])).unwrap_err();
            assert_eq!(status.code, Code::UNKNOWN, "{text}");
        }
    }

    #[test]
    fn an_answer_without_a_status_says_what_is_missing() {
        let status = judge(&response(200, &[GRPC], b"\0\0\0\0\0", &[])).unwrap_err();
        assert!(status.to_string().contains("gRPC UNKNOWN: the answer has no grpc-status: its trailers are missing"));
        let page = judge(&response(200, &[("content-type", "text/html")], b"<html>", &[])).unwrap_err();
        assert!(page.message.contains("no gRPC server answers there (content-type \"text/html\")"), "{page}");
        assert!(matches!(page.outcome(), Outcome::Rejected(_)));
    }

    #[test]
    fn http_statuses_stand_in_for_a_status_that_is_not_there() {
        for (http, code) in [
            (400, Code::INTERNAL),
            (401, Code::UNAUTHENTICATED),
            (403, Code::PERMISSION_DENIED),
            (404, Code::UNIMPLEMENTED),
            (429, Code::UNAVAILABLE),
            (500, Code::UNKNOWN),
            (502, Code::UNAVAILABLE),
            (503, Code::UNAVAILABLE),
            (504, Code::UNAVAILABLE),
            (505, Code::UNKNOWN),
            (302, Code::UNKNOWN),
        ] {
            assert_eq!(judge(&response(http, &[], b"", &[])).unwrap_err().code, code, "{http}");
        }
        let busy = judge(&response(503, &[("retry-after", "7")], b"later", &[])).unwrap_err();
        let delay = Some(std::time::Duration::from_secs(7));
        assert_eq!(busy.outcome(), Outcome::retry_after(delay, "gRPC UNAVAILABLE: status 503: later"));
    }
}
