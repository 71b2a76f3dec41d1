//! What a kept file holds: a head, then the artifact.
//!
//! Who may have written the file is decided by its owner and mode and those of its directory, before it is read. The head
//! tells what they cannot: that it is whole, and of this component. It holds, numbers with the lowest byte first: eight bytes
//! that say what it is, the component's SHA-256, the artifact's length (64 bits) and its XXH3 (64 bits).
//!
//! XXH3 (Collet, xxHash specification 0.2.0, 2023) is no defence against somebody who may write there, and no digest in the
//! same file ever was one. Against damage it is as good as SHA-256 but for one in 2^64, at a tenth of the time.

use twox_hash::XxHash3_64;

use crate::sandbox::digest::Digest;

/// Changed whenever anything about the format is.
const MAGIC: [u8; 8] = *b"spgt\0\0\0\x02";
/// Bytes in front of an artifact.
pub(super) const HEAD_BYTES: usize = MAGIC.len() + size_of::<Digest>() + 2 * size_of::<u64>();

/// What goes in front of the artifact that was compiled from a component.
pub(super) fn head(component: &Digest, artifact: &[u8]) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    let (length, sum) = (artifact.len() as u64, XxHash3_64::oneshot(artifact));
    let parts = [MAGIC.as_slice(), component, &length.to_le_bytes(), &sum.to_le_bytes()].concat();
    head.copy_from_slice(&parts);
    head
}

/// The artifact of a file that is whole and of this component.
pub(super) fn open<'a>(component: &Digest, kept: &'a [u8]) -> Option<&'a [u8]> {
    let (found, artifact) = kept.split_at_checked(HEAD_BYTES)?;
    (found == head(component, artifact)).then_some(artifact)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: Digest = [7; 32];

    #[test]
    fn what_was_put_in_comes_out_again_for_the_same_component_alone() {
        let artifact = [1, 2, 3, 4, 5];
        let kept = [head(&COMPONENT, &artifact).as_slice(), &artifact].concat();
        assert_eq!(open(&COMPONENT, &kept), Some(artifact.as_slice()));
        assert_eq!(open(&[8; 32], &kept), None, "of another component");
        assert_eq!(open(&COMPONENT, &head(&COMPONENT, &[])), Some([].as_slice()));
    }

    #[test]
    fn a_file_that_is_shorter_longer_or_differs_in_one_bit_is_not_opened() {
        let artifact: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let kept = [head(&COMPONENT, &artifact).as_slice(), &artifact].concat();
        for length in 0..kept.len() {
            assert_eq!(open(&COMPONENT, &kept[..length]), None, "{length} bytes");
        }
        assert_eq!(open(&COMPONENT, &[kept.as_slice(), &[0]].concat()), None, "a byte more");
        for bit in 0..kept.len() * 8 {
            let mut flipped = kept.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&COMPONENT, &flipped), None, "bit {bit}");
        }
    }

    #[test]
    fn a_page_of_zeros_in_the_place_of_what_was_never_written_is_seen() {
        let artifact = vec![0xaa; 16 << 10];
        let mut kept = [head(&COMPONENT, &artifact).as_slice(), &artifact].concat();
        kept[8 << 10..12 << 10].fill(0);
        assert_eq!(open(&COMPONENT, &kept), None);
    }
}
