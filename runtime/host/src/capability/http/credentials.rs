//! Whether a backend took the operator's credentials: the host sees every status itself, whatever the guest makes of it.

use reqwest::Url;

use super::{grpc, response::Response};

/// gRPC's UNAUTHENTICATED and PERMISSION_DENIED (google.rpc.Code).
const GRPC_REFUSALS: [(&str, &str); 2] = [("16", "UNAUTHENTICATED"), ("7", "PERMISSION_DENIED")];

/// The origin whose latest word in one call was a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    origin: String,
    answer: String,
}

impl Refused {
    /// What follows for the call from one more response. Another word of the same origin ends a refusal: it was mended
    /// with a fresh token, or it was not about the credentials.
    pub(super) fn after(earlier: Option<Self>, url: &Url, response: &Response) -> Option<Self> {
        let origin = url.origin().ascii_serialization();
        match refusal(response) {
            Some(answer) => Some(Self { origin, answer }),
            None => earlier.filter(|refused| refused.origin != origin),
        }
    }
}

/// One line for a person.
impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} answered {}: it does not take the credentials", self.origin, self.answer)
    }
}

fn refusal(response: &Response) -> Option<String> {
    match response.status {
        401 => Some("401 Unauthorized".to_owned()),
        403 => Some("403 Forbidden".to_owned()),
        407 => Some("407 Proxy Authentication Required".to_owned()),
        // A response without a body has its trailers among the headers.
        // A status of its own counts whatever HTTP's is.
        _ if is_grpc(response) => {
            let both = response.trailers.iter().chain(&response.headers);
            let status = both.into_iter().find(|(name, _)| name == "grpc-status")?;
            let (_, name) = GRPC_REFUSALS.iter().find(|(code, _)| *code == status.1)?;
            Some(format!("gRPC {name}"))
        }
        _ => None,
    }
}

fn is_grpc(response: &Response) -> bool {
    let is_grpc = |value: &String| grpc::is_grpc_type(value.as_bytes());
    response.headers.iter().any(|(name, value)| name == "content-type" && is_grpc(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Vec::new(), trailers: Vec::new() }
    }

    fn grpc(code: &str, is_in_headers: bool) -> Response {
        let status = ("grpc-status".to_owned(), code.to_owned());
        let mut response = response(200);
        response.headers.push(("content-type".into(), "application/grpc+proto".into()));
        if is_in_headers { &mut response.headers } else { &mut response.trailers }.push(status);
        response
    }

    fn told(response: &Response) -> Option<String> {
        let url = Url::parse("https://collector.example:4318/v1/traces?key=hunter2").unwrap();
        Refused::after(None, &url, response).map(|refused| refused.to_string())
    }

    #[test]
    fn a_refusal_is_told_by_origin_and_status_alone() {
        let line = "https://collector.example:4318 answered 401 Unauthorized: it does not take the credentials";
        assert_eq!(told(&response(401)).as_deref(), Some(line));
        assert!(told(&response(403)).unwrap().contains("403 Forbidden"));
        for status in [200, 204, 302, 400, 404, 408, 429, 500] {
            assert_eq!(told(&response(status)), None, "{status}");
        }
    }

    #[test]
    fn grpc_has_its_own_words_for_it_and_only_grpc() {
        for is_in_headers in [true, false] {
            assert!(told(&grpc("16", is_in_headers)).unwrap().contains("gRPC UNAUTHENTICATED"));
            assert!(told(&grpc("7", is_in_headers)).unwrap().contains("gRPC PERMISSION_DENIED"));
            assert_eq!(told(&grpc("0", is_in_headers)), None);
            assert_eq!(told(&grpc("14", is_in_headers)), None);
        }
        for content_type in ["text/plain", "application/grpc-web"] {
            let mut other = grpc("16", false);
            other.headers[0].1 = content_type.into();
            assert_eq!(told(&other), None, "{content_type}");
        }
        // A status of its own counts whatever HTTP's is.
        assert!(told(&Response { status: 400, ..grpc("16", true) }).is_some());
    }

    #[test]
    fn the_latest_word_of_an_origin_counts_and_that_of_another_changes_nothing() {
        let [one, other] = ["https://one.example/a", "https://other.example/"].map(|url| Url::parse(url).unwrap());
        let refused = Refused::after(None, &one, &response(401));
        assert_eq!(Refused::after(refused.clone(), &other, &response(200)), refused);
        assert_eq!(Refused::after(refused, &one, &response(503)), None);
    }
}
