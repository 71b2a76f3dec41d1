//! A request's body as it is sent: a framed message in two pieces, so that it is not copied to put five bytes before it.

use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::bindings::Payload;

/// None if there is nothing to send.
pub(super) fn body(payload: Payload) -> Option<reqwest::Body> {
    let Payload { prefix, bytes } = payload;
    match (prefix.is_empty(), bytes.is_empty()) {
        (true, true) => None,
        (true, false) => Some(bytes.into()),
        (false, _) => Some(reqwest::Body::wrap(Pieces([prefix, bytes]))),
    }
}

struct Pieces([Bytes; 2]);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.iter_mut().find(|piece| !piece.is_empty()).map(mem::take);
        Poll::Ready(next.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.iter().all(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_framed_message_is_sent_in_two_pieces_and_not_copied() {
        let message = Bytes::from(vec![7; 1000]);
        let mut sent = body(Payload::framed(message.clone(), false)).unwrap();
        assert_eq!(sent.size_hint().exact(), Some(1005));
        let first = sent.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, &b"\0\0\0\x03\xe8"[..]);
        let second = sent.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((second.as_ptr(), second.len()), (message.as_ptr(), 1000));
        assert!(sent.is_end_stream() && sent.frame().await.is_none());
    }

    #[test]
    fn nothing_to_send_is_no_body_and_an_empty_message_is_a_frame() {
        assert!(body(Payload::default()).is_none());
        assert_eq!(body(Payload::framed(Bytes::new(), false)).unwrap().size_hint().exact(), Some(5));
        assert_eq!(body(Payload::plain("abc")).unwrap().size_hint().exact(), Some(3));
    }
}
