//! The host's side of `payload` handles: bytes that a request carries out and that never enter the guest.
//!
//! Numbers never repeat within an instance, so that a stale handle cannot mean a newer payload.

use std::collections::HashMap;

use bytes::Bytes;
use wasmtime::component::Resource;

/// Bytes on the host that a guest holds a handle to, and what a request's body is made of: two pieces, so that a frame is
/// put before a message without a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(unreachable_pub, reason = "the generated code re-exports it inside a private module")]
pub struct Payload {
    /// gRPC's prefix; empty for none.
    pub(crate) prefix: Bytes,
    /// What follows it.
    pub(crate) bytes: Bytes,
}

impl Payload {
    /// Bytes as they are.
    pub(crate) fn plain(bytes: impl Into<Bytes>) -> Self {
        Self { prefix: Bytes::new(), bytes: bytes.into() }
    }

    /// gRPC's length-prefixed message: a flag, four bytes of length, big endian.
    pub(crate) fn framed(message: Bytes, is_compressed: bool) -> Self {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
        let prefix = [u8::from(is_compressed), length[0], length[1], length[2], length[3]];
        Self { prefix: Bytes::copy_from_slice(&prefix), bytes: message }
    }

    /// Both pieces together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.prefix.len().saturating_add(self.bytes.len())
    }

    /// Both pieces in one, which is a copy if there is a prefix.
    #[cfg(feature = "http")]
    pub(crate) fn joined(self) -> Bytes {
        if self.prefix.is_empty() { self.bytes } else { [self.prefix, self.bytes].concat().into() }
    }
}

/// The payloads of one call of one instance.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    last: u32,
    bytes: usize,
    held: HashMap<u32, Payload>,
    /// Handles that the guest neither sent nor dropped, those of earlier calls included.
    handles: u32,
}

/// The guest holds as many payloads as it may, [`Payloads::MAX`] or [`Payloads::MAX_BYTES`].
#[derive(Debug, thiserror::Error)]
#[error("more than {} payloads, or {} bytes of them, held in one call", Payloads::MAX, Payloads::MAX_BYTES)]
pub(crate) struct PayloadLimit;

impl Payloads {
    /// How many payloads a guest may hold at once.
    pub(crate) const MAX: usize = 256;
    /// How many bytes they may have together. One payload alone may have more: it is as large as its batch.
    pub(crate) const MAX_BYTES: usize = 64 << 20;

    /// Keeps `payload` for this call.
    ///
    /// # Errors
    /// [`PayloadLimit`] if there are [`Payloads::MAX`] already, or too many bytes.
    pub(crate) fn push(&mut self, payload: Payload) -> Result<Resource<Payload>, PayloadLimit> {
        let bytes = self.bytes.saturating_add(payload.len());
        if self.held.len() >= Self::MAX || (bytes > Self::MAX_BYTES && !self.held.is_empty()) {
            return Err(PayloadLimit);
        }
        self.bytes = bytes;
        self.last = self.last.checked_add(1).ok_or(PayloadLimit)?;
        self.held.insert(self.last, payload);
        self.handles = self.handles.saturating_add(1);
        Ok(Resource::new_own(self.last))
    }

    /// The payload behind a handle; none if it was sent, dropped, or belongs to an earlier call.
    pub(crate) fn get(&self, handle: &Resource<Payload>) -> Option<&Payload> {
        self.held.get(&handle.rep())
    }

    /// Takes the payload out of a handle: sending consumes both.
    pub(crate) fn take(&mut self, handle: &Resource<Payload>) -> Option<Payload> {
        self.handles = self.handles.saturating_sub(1);
        let payload = self.held.remove(&handle.rep())?;
        self.bytes = self.bytes.saturating_sub(payload.len());
        Some(payload)
    }

    /// Handles that the guest neither sent nor dropped.
    pub(crate) fn handles(&self) -> u32 {
        self.handles
    }

    /// Forgets a payload whose handle the guest dropped. Unknown numbers are fine: the host may have been first.
    pub(crate) fn forget(&mut self, number: u32) {
        self.take(&Resource::new_own(number));
    }

    /// Takes every payload back: the call is over.
    pub(crate) fn revoke(&mut self) {
        self.held.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload() -> Payload {
        Payload::plain(Bytes::from_static(b"x"))
    }

    #[test]
    fn a_grpc_frame_has_a_flag_and_a_length() {
        let framed = Payload::framed(Bytes::from_static(b"abc"), true);
        assert_eq!((framed.prefix.as_ref(), framed.len()), (&b"\x01\0\0\0\x03"[..], 8));
        let empty = Payload::framed(Bytes::new(), false);
        assert_eq!((empty.prefix.as_ref(), empty.len()), (&b"\0\0\0\0\0"[..], 5));
    }

    #[test]
    fn a_payload_is_sent_once() {
        let mut payloads = Payloads::default();
        let handle = payloads.push(payload()).unwrap();
        assert_eq!((payloads.handles(), payloads.take(&handle).unwrap().bytes), (1, "x".into()));
        assert!(payloads.take(&handle).is_none());
        assert_eq!(payloads.handles(), 0);
    }

    #[test]
    fn numbers_never_repeat_so_that_a_stale_handle_means_nothing() {
        let mut payloads = Payloads::default();
        let stale = payloads.push(payload()).unwrap();
        payloads.revoke();
        let fresh = payloads.push(payload()).unwrap();
        assert_ne!(stale.rep(), fresh.rep());
        assert!(payloads.get(&stale).is_none());
        payloads.forget(stale.rep());
        assert!(payloads.get(&fresh).is_some());
    }

    #[test]
    fn the_limit_of_bytes_holds_and_one_payload_may_be_of_any_size() {
        let sized = |bytes: usize| Payload::plain(vec![0; bytes]);
        let mut payloads = Payloads::default();
        let first = payloads.push(sized(Payloads::MAX_BYTES + 1)).unwrap();
        assert!(payloads.push(sized(1)).is_err());
        payloads.take(&first);
        payloads.push(sized(Payloads::MAX_BYTES)).unwrap();
        assert!(payloads.push(sized(1)).is_err());
        payloads.revoke();
        assert!(payloads.push(sized(1)).is_ok());
    }

    #[test]
    fn the_limit_of_number_holds_at_its_edge() {
        let mut payloads = Payloads::default();
        for _ in 0..Payloads::MAX {
            payloads.push(payload()).unwrap();
        }
        assert!(payloads.push(payload()).is_err());
        payloads.forget(1);
        assert!(payloads.push(payload()).is_ok());
    }
}
