//! A response body: one piece of data, then perhaps trailers. Nothing here is streamed.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};

/// The body of every response of a receiver and of the admin endpoint.
#[derive(Debug, Default)]
pub(crate) struct ReplyBody {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl ReplyBody {
    /// Only data.
    pub(crate) fn data(data: impl Into<Bytes>) -> Self {
        Self { data: Some(data.into()).filter(|data: &Bytes| !data.is_empty()), trailers: None }
    }

    /// Data, then trailers.
    pub(crate) fn with_trailers(data: Bytes, trailers: HeaderMap) -> Self {
        Self { data: Some(data), trailers: Some(trailers) }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

/// A response with a body of one type.
pub(crate) fn reply(status: StatusCode, content_type: &'static str, data: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::data(data));
    *response.status_mut() = status;
    put(&mut response, header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Sets a header of a response.
pub(crate) fn put(response: &mut Response<ReplyBody>, name: HeaderName, value: HeaderValue) {
    response.headers_mut().insert(name, value);
}
