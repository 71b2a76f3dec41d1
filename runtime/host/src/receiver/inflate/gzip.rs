//! gzip (RFC 1952).

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::{
    super::{budget::Charge, failure::Failure},
    inflated::Inflated,
};

/// How much is inflated before the limit is looked at again.
const PIECE_BYTES: usize = 16 * 1024;

/// Inflates `compressed`, all of its members, into at most `max_bytes`, which are charged as they come.
///
/// # Errors
/// Too large as soon as the limit is passed; over budget; malformed if a member is truncated, its checksum is wrong, or
/// what follows it is not a further member.
pub(in super::super) fn gzip(compressed: &[u8], max_bytes: usize, charge: &mut Charge) -> Result<Vec<u8>, Failure> {
    let mut decoder = MultiGzDecoder::new(compressed);
    let mut inflated = Inflated::new(announced_bytes(compressed), max_bytes, charge);
    let mut piece = [0; PIECE_BYTES];
    loop {
        let read = decoder.read(&mut piece);
        let read = read.map_err(|error| Failure::Malformed(format!("the body is not valid gzip: {error}")))?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
        inflated.push(piece)?;
    }
    Ok(inflated.finish())
}

/// The length that the last member claims to have: that of the whole body, if the sender is honest and there is one
/// member. As far as it is a lie, it is memory reserved but never touched.
fn announced_bytes(compressed: &[u8]) -> usize {
    // Deflate cannot do better than 1032 to 1.
    let longest = compressed.len().saturating_mul(1032);
    compressed.last_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize).min(longest)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::{super::super::budget::Budget, *};

    fn inflate(compressed: &[u8], max_bytes: usize) -> Result<Vec<u8>, Failure> {
        super::gzip(compressed, max_bytes, &mut Budget::new(usize::MAX).open())
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn is_malformed(compressed: &[u8]) -> bool {
        matches!(inflate(compressed, 1 << 20), Err(Failure::Malformed(_)))
    }

    #[test]
    fn several_members_are_one_body() {
        let members = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
        assert_eq!(inflate(&members, 7).unwrap(), b"one two");
    }

    #[test]
    fn the_limit_itself_is_accepted_and_one_byte_more_is_not() {
        let compressed = gzip(&[7; 1000]);
        assert_eq!(inflate(&compressed, 1000).unwrap().len(), 1000);
        assert!(matches!(inflate(&compressed, 999), Err(Failure::TooLarge(_))));
    }

    #[test]
    fn the_limit_counts_all_members_together() {
        let members = [gzip(&[1; 600]), gzip(&[2; 600])].concat();
        assert!(matches!(inflate(&members, 1000), Err(Failure::TooLarge(_))));
    }

    #[test]
    fn a_bomb_is_cut_at_the_limit() {
        let bomb = gzip(&vec![0; 64 << 20]);
        assert!(bomb.len() < 128 << 10);
        assert!(matches!(inflate(&bomb, 1 << 20), Err(Failure::TooLarge(_))));
    }

    #[test]
    fn truncated_damaged_or_followed_by_garbage_is_malformed() {
        let good = gzip(b"some text that is long enough to be cut");
        for end in 0..good.len() {
            assert!(is_malformed(&good[..end]), "cut at {end}");
        }
        let mut bad_checksum = good.clone();
        let end = bad_checksum.len() - 8;
        bad_checksum[end] ^= 1;
        assert!(is_malformed(&bad_checksum));
        assert!(is_malformed(&[good.as_slice(), b"garbage, no member"].concat()));
    }
}
