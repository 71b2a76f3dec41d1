//! Writes protobuf whose nested lengths are known only afterwards.
//!
//! One byte is reserved for a length. Most messages are shorter than 128 bytes and need no more; a longer one is moved
//! by what its length takes. Lengths are therefore always the shortest, as every other writer has them.

/// Wire types of the protobuf encoding.
const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED32: u32 = 5;

/// A message being written.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

/// Where a nested message's length goes.
#[derive(Debug)]
#[must_use]
pub(super) struct Open {
    at: usize,
}

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn varint_field(&mut self, number: u32, value: u64) {
        self.varint(u64::from(number << 3 | VARINT));
        self.varint(value);
    }

    pub(super) fn fixed64_field(&mut self, number: u32, value: u64) {
        self.varint(u64::from(number << 3 | FIXED64));
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn fixed32_field(&mut self, number: u32, value: u32) {
        self.varint(u64::from(number << 3 | FIXED32));
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn bytes_field(&mut self, number: u32, value: &[u8]) {
        self.varint(u64::from(number << 3 | LENGTH));
        self.varint(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    /// Begins a nested message; what is written until [`Writer::close`] belongs to it.
    pub(super) fn open(&mut self, number: u32) -> Open {
        self.varint(u64::from(number << 3 | LENGTH));
        let at = self.bytes.len();
        self.bytes.push(0);
        Open { at }
    }

    /// Ends the nested message that was opened last.
    pub(super) fn close(&mut self, open: Open) {
        let begin = open.at + 1;
        let length = self.bytes.len() - begin;
        let (digits, count) = varint(length as u64);
        self.bytes.splice(open.at..begin, digits.into_iter().take(count));
    }

    fn varint(&mut self, value: u64) {
        let (digits, count) = varint(value);
        self.bytes.extend(digits.into_iter().take(count));
    }
}

/// The bytes of a varint, and how many of them count.
fn varint(mut value: u64) -> ([u8; 10], usize) {
    let mut digits = [0; 10];
    let mut count = 0;
    for digit in &mut digits {
        count += 1;
        // The low seven bits; the eighth says that more follow.
        *digit = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            break;
        }
        *digit |= 0x80;
    }
    (digits, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_the_shortest() {
        for (value, digits) in [(0, vec![0]), (127, vec![0x7f]), (128, vec![0x80, 1]), (300, vec![0xac, 2])] {
            let (written, count) = varint(value);
            assert_eq!(written[..count], digits);
        }
        let (written, count) = varint(u64::MAX);
        assert_eq!((count, written[9]), (10, 1));
    }

    #[test]
    fn a_length_that_takes_two_bytes_moves_what_it_belongs_to() {
        let mut writer = Writer::default();
        let outer = writer.open(1);
        let inner = writer.open(2);
        writer.bytes_field(3, &[9; 200]);
        writer.close(inner);
        writer.close(outer);
        let bytes = writer.finish();
        assert_eq!(bytes[..9], [0x0a, 0xce, 1, 0x12, 0xcb, 1, 0x1a, 0xc8, 1]);
        assert_eq!(bytes[9..], [9; 200]);
    }
}
