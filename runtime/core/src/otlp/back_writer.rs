//! Writing protobuf's wire format from its end: when a message's length is written, the message is there already, so
//! lengths need no pass of their own. Callers write fields in descending order to have them ascend.

/// A buffer that is filled from its end.
pub(super) struct BackWriter {
    buffer: Vec<u8>,
    /// Where the written part starts.
    at: usize,
}

impl BackWriter {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { buffer: vec![0; capacity], at: capacity }
    }

    /// Bytes written so far: hand it to [`Self::close`] to make what follows a message.
    #[inline]
    pub(super) fn written(&self) -> usize {
        self.buffer.len() - self.at
    }

    /// What was written, in exactly the memory it needs.
    pub(super) fn finish(self) -> Vec<u8> {
        if self.at == 0 { self.buffer } else { self.buffer[self.at..].to_vec() }
    }

    #[cold]
    fn grow(&mut self, room: usize) {
        let written = self.written();
        let mut buffer = vec![0; (2 * self.buffer.len()).max(written + room).max(1024)];
        let at = buffer.len() - written;
        buffer[at..].copy_from_slice(&self.buffer[self.at..]);
        (self.buffer, self.at) = (buffer, at);
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.at < bytes.len() {
            self.grow(bytes.len());
        }
        let start = self.at - bytes.len();
        self.buffer[start..self.at].copy_from_slice(bytes);
        self.at = start;
    }

    #[inline]
    pub(super) fn put_varint(&mut self, mut value: u64) {
        if value < 0x80 {
            return self.put(&[value as u8]);
        }
        let mut bytes = [0; 10];
        let mut length = 0;
        while value >= 0x80 {
            bytes[length] = value as u8 | 0x80;
            value >>= 7;
            length += 1;
        }
        bytes[length] = value as u8;
        self.put(&bytes[..=length]);
    }

    /// Makes everything since `written` the content of a length-delimited field.
    #[inline]
    pub(super) fn close(&mut self, tag: u32, written: usize) {
        self.put_varint((self.written() - written) as u64);
        self.put_varint(u64::from(tag));
    }

    /// A length-delimited field, also if it is empty.
    #[inline]
    pub(super) fn bytes(&mut self, tag: u32, bytes: &[u8]) {
        self.put(bytes);
        self.put_varint(bytes.len() as u64);
        self.put_varint(u64::from(tag));
    }

    /// A length-delimited field, unless it is empty.
    #[inline]
    pub(super) fn some_bytes(&mut self, tag: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.bytes(tag, bytes);
        }
    }

    /// An id, unless it is all zero.
    #[inline]
    pub(super) fn some_id<const N: usize>(&mut self, tag: u32, id: [u8; N]) {
        if id != [0; N] {
            self.bytes(tag, &id);
        }
    }

    /// A varint field, also if it is zero.
    #[inline]
    pub(super) fn varint(&mut self, tag: u32, value: u64) {
        self.put_varint(value);
        self.put_varint(u64::from(tag));
    }

    /// A varint field, unless it is zero.
    #[inline]
    pub(super) fn some_varint(&mut self, tag: u32, value: u64) {
        if value != 0 {
            self.varint(tag, value);
        }
    }

    /// A fixed64 field, also if it is zero.
    #[inline]
    pub(super) fn fixed64(&mut self, tag: u32, value: u64) {
        self.put(&value.to_le_bytes());
        self.put_varint(u64::from(tag));
    }

    /// A fixed64 field, unless it is zero.
    #[inline]
    pub(super) fn some_fixed64(&mut self, tag: u32, value: u64) {
        if value != 0 {
            self.fixed64(tag, value);
        }
    }

    /// A fixed32 field, unless it is zero.
    #[inline]
    pub(super) fn some_fixed32(&mut self, tag: u32, value: u32) {
        if value != 0 {
            self.put(&value.to_le_bytes());
            self.put_varint(u64::from(tag));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_written_backwards_reads_forwards() {
        let mut out = BackWriter::with_capacity(0);
        let start = out.written();
        out.some_fixed32(0x1d, 1);
        out.some_varint(0x10, 0);
        out.bytes(0x0a, b"ab");
        out.close(0x12, start);
        out.varint(0x08, 300);
        assert_eq!(out.finish(), [0x08, 0xac, 0x02, 0x12, 9, 0x0a, 2, b'a', b'b', 0x1d, 1, 0, 0, 0]);
    }

    #[test]
    fn a_small_buffer_grows_without_moving_what_was_written() {
        let mut out = BackWriter::with_capacity(1);
        for value in (0..5000).rev() {
            out.put_varint(value);
        }
        let bytes = out.finish();
        assert_eq!((bytes.len(), &bytes[..3], bytes.last()), (128 + 4872 * 2, &[0, 1, 2][..], Some(&39)));
    }
}
