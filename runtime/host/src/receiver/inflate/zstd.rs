//! Zstandard (RFC 8878).
//!
//! By a decoder in Rust: these are a stranger's bytes, and it is bounded as we need it. A frame may ask for a window, which
//! is memory, of terabytes: more than eight mebibytes are refused, which is what the standard asks decoders to have and
//! more than senders use below the highest levels. A block makes at most 128 KiB, and the limit is looked at after each.

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, FrameHeaderError, ReadFrameHeaderError},
};

use super::{
    super::{budget::Charge, failure::Failure},
    inflated::Inflated,
};

/// Largest window of a frame, bytes.
const MAX_WINDOW_BYTES: u64 = 8 << 20;
/// Frames of one body: each costs some time even if it is empty.
const MAX_FRAMES: usize = 1024;

/// Inflates `compressed`, all of its frames, into at most `max_bytes`, which are charged as they come.
///
/// # Errors
/// Too large as soon as the limit is passed, or if a frame asks for too large a window; over budget; malformed if a frame
/// is truncated or damaged, needs a dictionary, or if what follows it is not a further frame.
pub(in super::super) fn zstd(compressed: &[u8], max_bytes: usize, charge: &mut Charge) -> Result<Vec<u8>, Failure> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MAX_WINDOW_BYTES);
    let mut inflated = Inflated::new(0, max_bytes, charge);
    let (mut rest, mut frames) = (compressed, 0);
    // A body of nothing is not a frame.
    while frames == 0 || !rest.is_empty() {
        frames += 1;
        if frames > MAX_FRAMES {
            return Err(malformed(format_args!("more than {MAX_FRAMES} frames")));
        }
        match decoder.reset(&mut rest) {
            Ok(()) => frame(&mut decoder, &mut rest, &mut inflated)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                rest = rest.get(length..).ok_or_else(|| malformed("a frame to be skipped is truncated"))?;
            }
            Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => return Err(window_too_large(requested)),
            Err(FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { got })) => {
                return Err(window_too_large(got));
            }
            Err(error) => return Err(malformed(error)),
        }
    }
    Ok(inflated.finish())
}

/// One frame behind its header.
fn frame(decoder: &mut FrameDecoder, rest: &mut &[u8], inflated: &mut Inflated<'_>) -> Result<(), Failure> {
    let announced = decoder.content_size();
    inflated.check_room(usize::try_from(announced).unwrap_or(usize::MAX))?;
    let mut length = 0;
    loop {
        let is_last = decoder.decode_blocks(&mut *rest, BlockDecodingStrategy::UptoBlocks(1)).map_err(malformed)?;
        // The last window stays inside, for later blocks to refer to, until the frame is complete.
        inflated.check_room(decoder.can_collect())?;
        let piece = decoder.collect().unwrap_or_default();
        length += piece.len() as u64;
        inflated.push(&piece)?;
        if is_last {
            break;
        }
    }
    // Zero also stands for a frame that announces nothing.
    if announced > 0 && announced != length {
        return Err(malformed(format_args!("a frame of {length} bytes announces {announced}")));
    }
    match decoder.get_checksum_from_data() {
        Some(checksum) if decoder.get_calculated_checksum() != Some(checksum) => Err(malformed("a wrong checksum")),
        _ => Ok(()),
    }
}

fn window_too_large(bytes: u64) -> Failure {
    Failure::TooLarge(format!("zstd with a window of {bytes} bytes, allowed are {MAX_WINDOW_BYTES}"))
}

fn malformed(what: impl std::fmt::Display) -> Failure {
    Failure::Malformed(format!("the body is not valid zstd: {what}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::{super::super::budget::Budget, *};

    /// `zstd -19 --check` of `sample()`: compressed literals, sequences and a checksum.
    const REFERENCE: &[u8] = include_bytes!("sample.zst");

    fn sample() -> Vec<u8> {
        (0..400)
            .flat_map(|line| format!("span {} of checkout took {} us\n", line % 17, line * line).into_bytes())
            .collect()
    }

    fn inflate(compressed: &[u8], max_bytes: usize) -> Result<Vec<u8>, Failure> {
        zstd(compressed, max_bytes, &mut Budget::new(usize::MAX).open())
    }

    fn compress(data: &[u8]) -> Vec<u8> {
        compress_to_vec(data, CompressionLevel::Fastest)
    }

    /// A frame of blocks that repeat one byte: 128 KiB from four bytes.
    fn bomb(blocks: usize, window_descriptor: u8) -> Vec<u8> {
        let header = |is_last: u32| ((128 << 10) << 3 | 1 << 1 | is_last).to_le_bytes();
        let block = |index| [&header(u32::from(index + 1 == blocks))[..3], &[7]].concat();
        let head = [0x28, 0xb5, 0x2f, 0xfd, 0x00, window_descriptor];
        [&head[..], &(0..blocks).flat_map(block).collect::<Vec<_>>()].concat()
    }

    fn is_malformed(compressed: &[u8]) -> bool {
        matches!(inflate(compressed, 1 << 20), Err(Failure::Malformed(_)))
    }

    #[test]
    fn what_the_reference_implementation_compressed_is_read() {
        assert_eq!(inflate(REFERENCE, 1 << 20).unwrap(), sample());
    }

    #[test]
    fn several_frames_are_one_body_and_some_are_skipped() {
        let skipped = [&0x184d_2a53_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), b"abc"].concat();
        let frames = [compress(b"one "), skipped.clone(), compress(b""), compress(b"two"), skipped.clone()].concat();
        assert_eq!(inflate(&frames, 7).unwrap(), b"one two");
        assert!(is_malformed(&skipped[..skipped.len() - 1]));
        assert!(matches!(inflate(&compress(b"").repeat(1025), 10), Err(Failure::Malformed(_))));
    }

    #[test]
    fn the_limit_itself_is_accepted_and_one_byte_more_is_not() {
        let length = sample().len();
        assert_eq!(inflate(REFERENCE, length).unwrap().len(), length);
        assert!(matches!(inflate(REFERENCE, length - 1), Err(Failure::TooLarge(_))));
        let twice = [REFERENCE, REFERENCE].concat();
        assert!(matches!(inflate(&twice, 2 * length - 1), Err(Failure::TooLarge(_))));
    }

    #[test]
    fn a_bomb_is_cut_at_the_limit_and_charged_no_further() {
        let window_of_128_kib = 7 << 3;
        let bomb = bomb(8192, window_of_128_kib);
        assert!(bomb.len() < 33 << 10);
        assert!(matches!(inflate(&bomb, 1 << 20), Err(Failure::TooLarge(_))));
        let budget = Budget::new(2 << 20);
        assert!(matches!(zstd(&bomb, 1 << 30, &mut budget.open()), Err(Failure::OverBudget(_))));
        budget.open().add(2 << 20).unwrap();
    }

    #[test]
    fn a_huge_window_is_refused_by_its_size() {
        let (of_8_mib, of_9_mib, of_terabytes) = (13 << 3, 13 << 3 | 1, 31 << 3 | 7);
        assert_eq!(inflate(&bomb(1, of_8_mib), 1 << 20).unwrap().len(), 128 << 10);
        for window in [of_9_mib, of_terabytes] {
            let Err(Failure::TooLarge(message)) = inflate(&bomb(1, window), 1 << 20) else { panic!("taken") };
            assert!(message.ends_with(" bytes, allowed are 8388608"), "{message}");
        }
    }

    #[test]
    fn truncated_damaged_or_followed_by_garbage_is_malformed() {
        for end in 0..REFERENCE.len() {
            assert!(is_malformed(&REFERENCE[..end]), "cut at {end}");
        }
        let mut bad_checksum = REFERENCE.to_vec();
        *bad_checksum.last_mut().unwrap() ^= 1;
        assert!(is_malformed(&bad_checksum));
        assert!(is_malformed(&[REFERENCE, b"garbage, no frame"].concat()));
        assert!(is_malformed(&[REFERENCE, &[0]].concat()));
        let with_dictionary = [&[0x28, 0xb5, 0x2f, 0xfd, 0x21, 5, 3][..], &[1, 0, 0]].concat();
        assert!(is_malformed(&with_dictionary));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_mutated_frame_gets_an_answer(
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            near_the_start in any::<bool>(),
        ) {
            let mut frame = REFERENCE.to_vec();
            let length = if near_the_start { 40 } else { frame.len() };
            for (at, byte) in edits {
                frame[at.index(length)] = byte;
            }
            if let Ok(inflated) = inflate(&frame, 1 << 16) {
                prop_assert!(inflated.len() <= 1 << 16);
            }
        }
    }
}
