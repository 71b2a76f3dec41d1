//! gzip (RFC 1952) in memory, cut at a limit while inflating.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::failure::Failure;

/// Inflates `compressed`, all of its members, into at most `max_bytes`.
///
/// # Errors
/// Too large as soon as the limit is passed; malformed if a member is truncated, its checksum is wrong, or what follows
/// it is not a further member.
pub(super) fn inflate(compressed: &[u8], max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let mut inflated = Vec::with_capacity(compressed.len().saturating_mul(4).min(max_bytes));
    // One byte more tells a body of exactly the limit, whose checksum is still to be read, from a longer one.
    let allowed = (max_bytes as u64).saturating_add(1);
    let read = MultiGzDecoder::new(compressed).take(allowed).read_to_end(&mut inflated);
    read.map_err(|error| Failure::Malformed(format!("the body is not valid gzip: {error}")))?;
    if inflated.len() > max_bytes {
        return Err(Failure::TooLarge(format!("the body is larger than {max_bytes} bytes when decompressed")));
    }
    inflated.shrink_to_fit();
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

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
