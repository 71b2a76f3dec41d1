//! Answers by gRPC what was asked by gRPC.

use spangate::sandbox::{HttpRequest, HttpResponse};

/// The answer as it is; one of success to a call with its body as the message, and OK behind it.
pub(crate) fn in_kind(request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    let content_type = request.headers.iter().find(|(name, _)| name == "content-type");
    let is_call = content_type.is_some_and(|(_, value)| value.starts_with("application/grpc"));
    if is_call && (200..300).contains(&response.status) {
        response.headers.push(("content-type".into(), "application/grpc".into()));
        response.trailers.push(("grpc-status".into(), "0".into()));
        let length = u32::try_from(response.body.len()).unwrap_or(u32::MAX).to_be_bytes();
        response.body.splice(..0, [0].into_iter().chain(length));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_by_grpc_is_answered_by_grpc() {
        let answered = |content_type: &str, status| {
            let headers = vec![("content-type".to_owned(), content_type.to_owned())];
            let (method, url, body) = ("POST".into(), String::new(), bytes::Bytes::new());
            let request = HttpRequest { method, url, headers, body, http2: true };
            let response = in_kind(&request, HttpResponse { status, body: b"ok".into(), ..HttpResponse::default() });
            (response.body, response.trailers.len())
        };
        assert_eq!(answered("application/grpc+proto", 200), (b"\0\0\0\0\x02ok".to_vec(), 1));
        assert_eq!(answered("application/grpc+proto", 503), (b"ok".to_vec(), 0));
        assert_eq!(answered("application/x-protobuf", 200), (b"ok".to_vec(), 0));
    }
}
