//! The length-prefixed message of gRPC: a flag byte, a big-endian length of four bytes, the message.

use bytes::Bytes;

use super::{decode::Payload, encoding::Encoding, failure::Failure};

/// Bytes before the message.
pub(super) const PREFIX_BYTES: usize = 5;

/// How long a body says that it is that begins so, its prefix included; 0 if the prefix is not there yet.
pub(super) fn announced(body: &[u8]) -> usize {
    match body {
        [_, a, b, c, d, ..] => PREFIX_BYTES.saturating_add(u32::from_be_bytes([*a, *b, *c, *d]) as usize),
        _ => 0,
    }
}

/// Takes the one message out of the body of a unary call.
///
/// # Errors
/// Too large by its announced length; malformed if there is none, if it is cut, or if there are several.
pub(super) fn unframe(body: Vec<u8>, encoding: Encoding, max_bytes: usize) -> Result<Payload, Failure> {
    let malformed = |message: &str| Err(Failure::Malformed(message.to_owned()));
    let [flag, a, b, c, d, message @ ..] = body.as_slice() else {
        return malformed("the call carries no message");
    };
    let encoding = match flag {
        0 => Encoding::Identity,
        1 if encoding != Encoding::Identity => encoding,
        1 => return malformed("the message is flagged as compressed, but grpc-encoding does not say how"),
        _ => return malformed("the message's flag is neither 0 nor 1"),
    };
    let announced = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    if announced > max_bytes {
        return Err(Failure::TooLarge(format!("the message has {announced} bytes, allowed are {max_bytes}")));
    }
    match message.len() {
        length if length < announced => malformed("the message is shorter than its announced length"),
        length if length > announced => malformed("the call carries more than one message"),
        _ => Ok(Payload { bytes: Bytes::from(body).slice(PREFIX_BYTES..), encoding, is_json: false }),
    }
}

/// Puts a message into the body of an answer, uncompressed.
pub(super) fn frame(message: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(PREFIX_BYTES + message.len());
    framed.push(0);
    // An answer is a count and one bounded line.
    framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_taken_out() {
        let payload = unframe(frame(b"abc"), Encoding::Zstd, 3).unwrap();
        assert_eq!((&payload.bytes[..], payload.encoding), (&b"abc"[..], Encoding::Identity));
        let payload = unframe(vec![1, 0, 0, 0, 1, b'x'], Encoding::Zstd, 3).unwrap();
        assert_eq!((&payload.bytes[..], payload.encoding), (&b"x"[..], Encoding::Zstd));
    }

    #[test]
    fn the_prefix_tells_the_length_as_soon_as_it_is_whole() {
        let framed = frame(&[7; 300]);
        for (read, expected) in [(0, 0), (4, 0), (5, 305), (6, 305), (305, 305)] {
            assert_eq!(announced(&framed[..read]), expected, "{read} bytes");
        }
        assert_eq!(announced(&[0, 0xff, 0xff, 0xff, 0xff]), 0xffff_ffff + PREFIX_BYTES);
    }

    #[test]
    fn what_is_not_one_message_is_malformed_or_too_large() {
        assert!(matches!(unframe(frame(b"abcd"), Encoding::Identity, 3), Err(Failure::TooLarge(_))));
        assert!(matches!(unframe(vec![0, 0xff, 0xff, 0xff, 0xff], Encoding::Identity, 3), Err(Failure::TooLarge(_))));
        let two = [frame(b"a"), frame(b"b")].concat();
        for body in [vec![], vec![0; 4], vec![0, 0, 0, 0, 1], vec![1, 0, 0, 0, 0], vec![2, 0, 0, 0, 0], two] {
            assert!(matches!(unframe(body.clone(), Encoding::Identity, 100), Err(Failure::Malformed(_))), "{body:?}");
        }
    }
}
