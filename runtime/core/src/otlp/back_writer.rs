//! Writing protobuf's wire format from its end: when a message's length is written, the message is there already, so
//! lengths need no pass of their own. Callers write fields in descending order to have them ascend.

use bytes::Bytes;

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

    /// What was written. The buffer is kept as it is if little of it is unused.
    pub(super) fn finish(self) -> Bytes {
        let written = self.written();
        if self.at <= written / 8 {
            return Bytes::from(self.buffer).slice(self.at..);
        }
        Bytes::copy_from_slice(&self.buffer[self.at..])
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
        // Most lengths and many numbers: two bytes of which the compiler knows that they are two.
        if value < 0x4000 {
            return self.put(&[value as u8 | 0x80, (value >> 7) as u8]);
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

    /// The end of `arena[..end]`, `length` bytes of it. Where there is room in front of both, a short one is copied as
    /// 16 or 32 bytes, which needs no call: what is too much lies in front, where the next field is written over it.
    #[inline]
    fn put_part(&mut self, arena: &[u8], end: usize, length: usize) {
        let from = &arena[..end];
        let (to, _) = self.buffer.split_at_mut(self.at);
        if length <= 16
            && let (Some(from), Some(to)) = (from.last_chunk::<16>(), to.last_chunk_mut::<16>())
        {
            *to = *from;
            self.at -= length;
        } else if length <= 32
            && let (Some(from), Some(to)) = (from.last_chunk::<32>(), to.last_chunk_mut::<32>())
        {
            *to = *from;
            self.at -= length;
        } else {
            self.put(&from[end - length..]);
        }
    }

    /// A tag and a length, most often of one byte each.
    #[inline]
    fn put_header(&mut self, tag: u32, length: usize) {
        if (tag | length as u32) < 0x80 && length < 0x80 {
            return self.put(&[tag as u8, length as u8]);
        }
        self.put_varint(length as u64);
        self.put_varint(u64::from(tag));
    }

    /// Makes everything since `written` the content of a length-delimited field.
    #[inline]
    pub(super) fn close(&mut self, tag: u32, written: usize) {
        self.put_header(tag, self.written() - written);
    }

    /// A length-delimited field with what an arena has at a reference, also if that is empty.
    #[inline]
    pub(super) fn part(&mut self, tag: u32, arena: &[u8], reference: [u32; 2]) {
        let (start, mut length) = (reference[0] as usize, reference[1] as usize);
        if start + length <= arena.len() {
            self.put_part(arena, start + length, length);
        } else {
            length = 0;
        }
        self.put_header(tag, length);
    }

    /// A length-delimited field with so many bytes of an arena, also if there are none.
    #[inline]
    pub(super) fn part_at(&mut self, tag: u32, arena: &[u8], start: usize, length: usize) {
        let length = if start.saturating_add(length) <= arena.len() { length } else { 0 };
        if length > 0 {
            self.put_part(arena, start + length, length);
        }
        self.put_header(tag, length);
    }

    /// A length-delimited field with what an arena has at a reference, unless that is empty.
    #[inline]
    pub(super) fn some_part(&mut self, tag: u32, arena: &[u8], reference: [u32; 2]) {
        if reference[1] != 0 {
            self.part(tag, arena, reference);
        }
    }

    /// An id, unless it is all zero.
    #[inline]
    pub(super) fn some_id<const N: usize>(&mut self, tag: u32, id: [u8; N]) {
        if id != [0; N] {
            self.put(&id);
            self.put_header(tag, N);
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
        out.part(0x0a, b"-ab-", [1, 2]);
        out.close(0x12, start);
        out.varint(0x08, 300);
        assert_eq!(out.finish()[..], [0x08, 0xac, 0x02, 0x12, 9, 0x0a, 2, b'a', b'b', 0x1d, 1, 0, 0, 0]);
    }

    #[test]
    fn parts_of_every_length_are_copied_exactly() {
        let arena: Vec<u8> = (0..=99).collect();
        for length in 0..70 {
            for (capacity, start) in [(0, 0), (300, 0), (300, 30), (length + 2, 30)] {
                let mut out = BackWriter::with_capacity(capacity);
                out.put(b"end");
                out.part(0x0a, &arena, [start as u32, length as u32]);
                let expected = [&[0x0a, length as u8], &arena[start..start + length], b"end"].concat();
                assert_eq!(out.finish(), expected, "length {length}, capacity {capacity}, start {start}");
            }
        }
    }

    #[test]
    fn a_reference_outside_of_the_arena_is_written_as_empty() {
        let mut out = BackWriter::with_capacity(64);
        out.part(0x0a, b"arena", [3, 3]);
        out.part(0x0a, b"arena", [u32::MAX, u32::MAX]);
        assert_eq!(out.finish()[..], [0x0a, 0, 0x0a, 0]);
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
