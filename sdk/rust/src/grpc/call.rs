//! A call, built up and made.

use std::borrow::Cow;
use std::time::Duration;

use super::{Status, reply};
use crate::http::{self, Request};
use crate::{Batch, Framing, Outcome, PayloadForm};

/// A unary call to be made.
#[must_use = "a call does nothing until it is made"]
pub struct Call<'a>(Request<'a>);

/// A call of an absolute URL: scheme, host and port of the server, then `/package.Service/Method`.
pub fn call(url: &str) -> Call<'_> {
    Call(http::post(url).http2().header("content-type", "application/grpc").header("te", "trailers"))
}

impl<'a> Call<'a> {
    /// A batch as the message. The bytes stay in the host, which compresses and frames them as `form` says.
    pub fn batch(self, batch: &Batch, form: PayloadForm) -> Self {
        let encoding = form.compression.content_encoding().map(|encoding| ("grpc-encoding", encoding));
        Self(self.0.headers(encoding).payload(batch.to_payload(form.framed(Framing::Grpc))))
    }

    /// An encoded message of the exporter's own, up to 4 GiB.
    pub fn message(mut self, message: &[u8]) -> Self {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let framed = [&[0][..], &length.to_be_bytes(), message].concat();
        self.0.body = http::Body::Bytes(Cow::Owned(framed));
        self
    }

    /// Adds metadata.
    pub fn metadata<N, V>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Cow<'a, str>>,
        V: Into<Cow<'a, str>>,
    {
        Self(self.0.headers(pairs))
    }

    /// Adds `idempotency-key` with the batch's id: a backend that knows it stores a repeated batch once.
    pub fn idempotency_key(self, batch: &Batch) -> Self {
        Self(self.0.idempotency_key(batch))
    }

    /// How long the call may take; the operator's deadline holds in any case. The server is told the nearer of both.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// Makes it and waits for the whole answer: its message, or none if the status is OK and there is no message that can
    /// be read.
    ///
    /// # Errors
    /// If there is no answer, or its status is not OK.
    pub fn send(self) -> Result<Option<Vec<u8>>, Failure> {
        let response = self.0.send().map_err(Failure::Http)?;
        reply::judge(&response).map_err(Failure::Status)
    }

    /// Makes it and says what became of the batch, by OTLP's table (see [`Status::outcome`]).
    pub fn deliver(self) -> Outcome {
        self.send().map_or_else(Outcome::from, |_| Outcome::Accepted)
    }
}

/// Why a call has not succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no answer.
    Http(http::Error),
    /// The answer is a status that is not OK.
    Status(Status),
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Http(error) => error.outcome(),
            Failure::Status(status) => status.outcome(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Response;
    use crate::testing::{BatchBuilder, Host, SentBody};
    use crate::{Compression, Encoding};

    const URL: &str = "http://collector:4317/package.Service/Method";

    #[test]
    fn a_call_is_a_post_over_http2_of_a_framed_message() {
        let host = Host::install();
        let _ = call(URL).metadata([("x-tenant", "a")]).timeout(Duration::from_secs(2)).message(b"ab").send();
        let request = host.requests().remove(0);
        assert_eq!((request.method.as_str(), request.url.as_str(), request.http2), ("POST", URL, true));
        let expected = [("content-type", "application/grpc"), ("te", "trailers"), ("x-tenant", "a")];
        assert_eq!(request.headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(request.timeout, Some(Duration::from_secs(2)));
        assert_eq!(request.body, SentBody::Bytes(b"\0\0\0\0\x02ab".to_vec()));
    }

    #[test]
    fn a_batch_is_framed_by_the_host_and_told_as_it_is_compressed() {
        let host = Host::install();
        let batch = BatchBuilder::new().otlp(b"request").build();
        for (compression, told) in [(Compression::Identity, None), (Compression::Gzip, Some("gzip"))] {
            let _ = call(URL).batch(&batch, PayloadForm::protobuf().compressed(compression)).send();
            let request = host.requests().pop().unwrap();
            assert_eq!(request.header("grpc-encoding"), told);
            assert_eq!(request.header("content-encoding"), None);
            let SentBody::Payload(payload) = request.body else { panic!("no payload") };
            let form = PayloadForm { encoding: Encoding::Protobuf, compression, framing: Framing::Grpc };
            assert_eq!(payload.form, form);
        }
    }

    #[test]
    fn a_call_is_delivered_if_its_status_says_so_and_only_then() {
        let host = Host::install();
        let trailers = vec![("grpc-status".to_owned(), "0".to_owned())];
        host.reply(Response { status: 200, trailers, ..Response::default() });
        assert_eq!(call(URL).message(b"").deliver(), Outcome::Accepted);
        assert!(matches!(call(URL).message(b"").deliver(), Outcome::Rejected(why) if why.contains("no grpc-status")));
        host.reply_error(http::Error::Timeout);
        assert_eq!(call(URL).message(b"").deliver(), Outcome::retry("timed out"));
    }
}
