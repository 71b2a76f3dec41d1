//! What the backends of the benchmarks share: a connection served, and the answer that a request was taken.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::{
    HeaderMap, Request, Response,
    body::{Body, Frame, Incoming, SizeHint},
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::sender::Protocol;

/// A flag, and four bytes of length.
pub(crate) const PREFIX_BYTES: usize = 5;

/// The body of an answer: a message if there is one, and trailers if there are any.
#[derive(Default)]
pub(crate) struct Answer {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let message = self.message.take().map(Frame::data);
        let next = message.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(next.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.message.as_ref().map_or(0, |message| message.len() as u64))
    }
}

/// Serves a connection until it ends, on the runtime of the caller.
pub(crate) fn serve<F>(
    protocol: Protocol,
    stream: TcpStream,
    answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static,
) where
    F: Future<Output = Result<Response<Answer>, Infallible>> + Send + 'static,
{
    let (stream, service) = (TokioIo::new(stream), service_fn(answer));
    match protocol {
        Protocol::Http => drop(tokio::spawn(http1::Builder::new().serve_connection(stream, service))),
        Protocol::Grpc => {
            let builder = http2::Builder::new(TokioExecutor::new());
            drop(tokio::spawn(builder.serve_connection(stream, service)));
        }
    }
}

/// An empty answer; over gRPC an empty message, and OK behind it.
pub(crate) fn taken(protocol: Protocol) -> Response<Answer> {
    let mut response = Response::new(Answer::default());
    if protocol == Protocol::Grpc {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        let status = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
        let trailers = Some(HeaderMap::from_iter([status]));
        *response.body_mut() = Answer { message: Some(Bytes::from_static(&[0; PREFIX_BYTES])), trailers };
    }
    response
}
