//! Reading protobuf's wire format, <https://protobuf.dev/programming-guides/encoding>, from bytes nobody trusts.
//!
//! Constraints: nothing is copied, nothing is allocated, nothing panics; every violation says where it is. Groups are
//! refused: they are deprecated and OTLP never had one. Unknown fields are skipped; a known field of another wire type
//! is a violation.

use std::fmt;

/// What breaks the format or a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Truncated,
    Varint,
    FieldNumber,
    WireType,
    Group,
    Utf8,
    Twice,
    Depth,
    Rows,
    Size,
    Surroundings,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "a field runs past the end",
            Self::Varint => "a varint is longer than 64 bits",
            Self::FieldNumber => "a field number is out of range",
            Self::WireType => "a field has the wrong wire type",
            Self::Group => "a group, which OTLP does not have",
            Self::Utf8 => "a string is not UTF-8",
            Self::Twice => "a message that may occur once occurs twice",
            Self::Depth => "an attribute value is nested too deeply",
            Self::Rows => "too many rows",
            Self::Size => "too large once decoded",
            Self::Surroundings => "the resource and the scope of a row have too many bytes, unknown fields included",
        })
    }
}

/// The message a violation was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Request,
    Resource,
    Scope,
    Span,
    SpanEvent,
    SpanLink,
    Status,
    LogRecord,
    Attribute,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "the request",
            Self::Resource => "a resource",
            Self::Scope => "a scope",
            Self::Span => "a span",
            Self::SpanEvent => "a span event",
            Self::SpanLink => "a span link",
            Self::Status => "a span status",
            Self::LogRecord => "a log record",
            Self::Attribute => "an attribute value",
        })
    }
}

/// A violation and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// Byte offset from the start of the request.
    pub(super) at: usize,
    pub(super) what: What,
    pub(super) within: Message,
}

pub(super) type Read<T> = Result<T, Violation>;

/// Wire type 0.
pub(super) const VARINT: u32 = 0;
/// Wire type 1.
pub(super) const FIXED64: u32 = 1;
/// Wire type 2.
pub(super) const LENGTH: u32 = 2;
/// Wire type 5.
pub(super) const FIXED32: u32 = 5;

/// Reads the fields of one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    /// The request up to the end of this message, so that positions are offsets into the request.
    bytes: &'a [u8],
    at: usize,
    within: Message,
}

impl<'a> Reader<'a> {
    /// Reads `start..end` of a request as the fields of a message. A range outside of the request reads as empty.
    pub(super) fn new(request: &'a [u8], start: usize, end: usize, within: Message) -> Self {
        let bytes = request.get(..end).unwrap_or(request);
        Self { bytes, at: start.min(bytes.len()), within }
    }

    /// Offset of the next byte.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Offset behind the message.
    #[inline]
    pub(super) fn end(&self) -> usize {
        self.bytes.len()
    }

    /// What is not read yet.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Leaves out `bytes` of the rest.
    #[inline]
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at = self.bytes.len().min(self.at + bytes);
    }

    #[cold]
    pub(super) fn violation(&self, what: What) -> Violation {
        Violation { at: self.at, what, within: self.within }
    }

    /// The next field's tag, its number and wire type; none at the end of the message.
    #[inline]
    pub(super) fn tag(&mut self) -> Read<Option<u32>> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let start = self.at;
        match self.varint()? {
            tag @ 8..=0xffff_ffff => Ok(Some(tag as u32)),
            _ => {
                self.at = start;
                Err(self.violation(What::FieldNumber))
            }
        }
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Read<u64> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Read<u64> {
        let mut value = 0;
        for (place, byte) in self.bytes[self.at..].iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if *byte < 0x80 {
                if place == 9 && *byte > 1 {
                    break;
                }
                self.at += place + 1;
                return Ok(value);
            }
        }
        let what = if self.bytes.len() - self.at < 10 { What::Truncated } else { What::Varint };
        Err(self.violation(what))
    }

    /// The content of a length-delimited field.
    #[inline]
    pub(super) fn bytes(&mut self) -> Read<&'a [u8]> {
        let length = self.varint()?;
        let left = &self.bytes[self.at..];
        if length > left.len() as u64 {
            return Err(self.violation(What::Truncated));
        }
        self.at += length as usize;
        Ok(&left[..length as usize])
    }

    /// The content of a length-delimited field as a message.
    #[inline]
    pub(super) fn message(&mut self, within: Message) -> Read<Reader<'a>> {
        let body = self.bytes()?;
        Ok(Reader { bytes: &self.bytes[..self.at], at: self.at - body.len(), within })
    }

    #[inline]
    pub(super) fn fixed64(&mut self) -> Read<u64> {
        self.fixed().map(u64::from_le_bytes)
    }

    #[inline]
    pub(super) fn fixed32(&mut self) -> Read<u32> {
        self.fixed().map(u32::from_le_bytes)
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        match self.bytes[self.at..].first_chunk::<N>() {
            Some(bytes) => {
                self.at += N;
                Ok(*bytes)
            }
            None => Err(self.violation(What::Truncated)),
        }
    }

    /// Skips the field behind `tag`. `known` has a bit for every field number that this message has in OTLP: such a
    /// field comes here only with the wrong wire type.
    pub(super) fn skip(&mut self, tag: u32, known: u32) -> Read<()> {
        let number = tag >> 3;
        if number < 32 && known & 1 << number != 0 {
            return Err(self.violation(What::WireType));
        }
        match tag & 7 {
            VARINT => self.varint().map(drop),
            FIXED64 => self.fixed64().map(drop),
            LENGTH => self.bytes().map(drop),
            FIXED32 => self.fixed32().map(drop),
            3 | 4 => Err(self.violation(What::Group)),
            _ => Err(self.violation(What::WireType)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &[u8]) -> Reader<'_> {
        Reader::new(bytes, 0, bytes.len(), Message::Request)
    }

    #[test]
    fn a_varint_has_ten_bytes_and_64_bits_at_most() {
        let mut most = [0xff; 10];
        most[9] = 1;
        assert_eq!(reader(&most).varint(), Ok(u64::MAX));
        most[9] = 2;
        assert_eq!(reader(&most).varint().unwrap_err().what, What::Varint);
        assert_eq!(reader(&[0x80; 11]).varint().unwrap_err().what, What::Varint);
        assert_eq!(reader(&[0x80; 9]).varint().unwrap_err().what, What::Truncated);
        assert_eq!(reader(&[0x80, 0]).varint(), Ok(0));
    }

    #[test]
    fn a_violation_tells_its_offset_in_the_request() {
        let request = [0x0a, 0x03, 0x12, 0x05, 0x00];
        let mut outer = reader(&request);
        assert_eq!(outer.tag(), Ok(Some(0x0a)));
        let mut inner = outer.message(Message::Span).unwrap();
        assert_eq!(inner.tag(), Ok(Some(0x12)));
        let violation = inner.bytes().unwrap_err();
        assert_eq!(violation, Violation { at: 4, what: What::Truncated, within: Message::Span });
    }

    #[test]
    fn field_zero_groups_and_unknown_wire_types_are_refused() {
        assert_eq!(reader(&[0x02]).tag().unwrap_err().what, What::FieldNumber);
        assert_eq!(reader(&[0xf8, 0xff, 0xff, 0xff, 0x1f]).tag().unwrap_err().what, What::FieldNumber);
        let skip = |tag| reader(&[0; 8]).skip(tag, 1 << 1).map_err(|violation| violation.what);
        assert_eq!(skip(2 << 3 | 3), Err(What::Group));
        assert_eq!(skip(2 << 3 | 4), Err(What::Group));
        assert_eq!(skip(2 << 3 | 6), Err(What::WireType));
        assert_eq!(skip(1 << 3), Err(What::WireType));
        assert_eq!(skip(2 << 3), Ok(()));
    }
}
