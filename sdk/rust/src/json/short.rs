//! Appending short texts without a call.
//!
//! `String::push_str` ends in `memory.copy`, which a WebAssembly engine does not compile in line but calls for: more than
//! it costs to move a key or an id. Here eight bytes move at a time, the last eight perhaps over some that have moved
//! already, and on the way it is seen whether JSON has an escape for any of them.

#![expect(unsafe_code, reason = "writes bytes of a text behind the end of a String and moves its end")]

use std::mem::MaybeUninit;

/// From here on a call costs less than what it saves.
const LONG: usize = 256;

/// Behind the end of a string.
type Room = [MaybeUninit<u8>];

/// Appends `text`.
#[inline]
pub(crate) fn push(out: &mut String, text: &str) {
    if text.len() >= LONG {
        return out.push_str(text);
    }
    append(out, text.len(), |room| {
        copy(room, text.as_bytes(), |_| false);
        true
    });
}

/// Appends ASCII; nothing if it is something else, or long.
#[inline]
pub(crate) fn push_ascii(out: &mut String, bytes: &[u8]) {
    const HIGH_BITS: u64 = u64::MAX / 255 * 0x80;
    if bytes.len() < LONG {
        append(out, bytes.len(), |room| copy(room, bytes, |word| word & HIGH_BITS != 0));
    }
}

/// Appends `text` between quotes, if it needs no escape; says if it did.
#[inline]
pub(super) fn push_plain_quoted(out: &mut String, text: &str) -> bool {
    if text.len() >= LONG {
        return false;
    }
    append(out, text.len() + 2, |room| {
        let Some((first, room)) = room.split_first_mut() else { return false };
        let Some((last, room)) = room.split_last_mut() else { return false };
        first.write(b'"');
        last.write(b'"');
        copy(room, text.as_bytes(), super::has_escape)
    })
}

/// Appends `text` with escapes for what needs one: eight bytes move, and count as far as they stand for themselves.
pub(super) fn push_with_escapes(out: &mut String, text: &str) {
    // Between two bytes of a character it is no string.
    let mut bytes = std::mem::take(out).into_bytes();
    bytes.reserve(text.len() + text.len() / 4 + 8);
    let mut rest = text.as_bytes();
    while let Some(word) = rest.first_chunk::<8>() {
        let plain = super::escapes(u64::from_le_bytes(*word)).trailing_zeros() as usize / 8;
        bytes.extend_from_slice(word);
        bytes.truncate(bytes.len() - 8 + plain);
        rest = &rest[plain..];
        if let Some((byte, behind)) = rest.split_first().filter(|_| plain < 8) {
            super::escape_byte(&mut bytes, *byte);
            rest = behind;
        }
    }
    for byte in rest {
        match super::is_plain_byte(byte) {
            true => bytes.push(*byte),
            false => super::escape_byte(&mut bytes, *byte),
        }
    }
    // SAFETY: a string, and behind it a text in which ASCII is replaced by ASCII.
    *out = unsafe { String::from_utf8_unchecked(bytes) };
}

/// Appends `length` bytes that `write` wrote, or nothing if it says false. It has to write all of them, as UTF-8.
#[inline(always)]
fn append(out: &mut String, length: usize, write: impl FnOnce(&mut Room) -> bool) -> bool {
    out.reserve(length);
    // SAFETY: what is appended below is a whole text, ASCII or quotes.
    let bytes = unsafe { out.as_mut_vec() };
    let end = bytes.len() + length;
    let is_written = bytes.spare_capacity_mut().get_mut(..length).is_some_and(write);
    if is_written {
        // SAFETY: the bytes up to there are within the capacity, and the writers above write all of them.
        unsafe { bytes.set_len(end) };
    }
    is_written
}

/// Writes all of `text` to `room`, which is as long; false if `is_wrong` says so of any eight bytes, zeros among them.
#[inline(always)]
fn copy(room: &mut Room, text: &[u8], is_wrong: impl Fn(u64) -> bool) -> bool {
    let Some(last) = text.last_chunk::<8>() else { return copy_few(room, text, is_wrong) };
    for (to, from) in room.as_chunks_mut::<8>().0.iter_mut().zip(text.as_chunks::<8>().0) {
        if is_wrong(u64::from_le_bytes(*from)) {
            return false;
        }
        *to = from.map(MaybeUninit::new);
    }
    let Some(to) = room.last_chunk_mut() else { return false };
    *to = last.map(MaybeUninit::new);
    !is_wrong(u64::from_le_bytes(*last))
}

/// The same for fewer than eight bytes.
#[inline(always)]
fn copy_few(room: &mut Room, text: &[u8], is_wrong: impl Fn(u64) -> bool) -> bool {
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let word = u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
        if is_wrong(word) {
            return false;
        }
        if let Some(to) = room.first_chunk_mut() {
            *to = first.map(MaybeUninit::new);
        }
        if let Some(to) = room.last_chunk_mut() {
            *to = last.map(MaybeUninit::new);
        }
        return true;
    }
    // No zeros: a zero has an escape.
    let blanks = u64::from_le_bytes([b' '; 8]);
    let word = text.iter().fold(blanks, |word, byte| word << 8 | u64::from(*byte));
    room.iter_mut().zip(text).for_each(|(to, from)| _ = to.write(*from));
    !is_wrong(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    #[test]
    fn texts_of_every_length_arrive_whole_whatever_room_there_was() {
        for length in 0..2 * LONG {
            let text: String = TEXT.chars().cycle().take(length).collect();
            for capacity in [0, 1, length, length + 1, length + 2, 3 * LONG] {
                let mut out = String::with_capacity(capacity);
                out.push('é');
                push(&mut out, &text);
                assert_eq!(out, format!("é{text}"));
                let is_quoted = push_plain_quoted(&mut out, &text);
                assert_eq!(is_quoted, length < LONG);
                assert_eq!(out, if is_quoted { format!("é{text}\"{text}\"") } else { format!("é{text}") });
            }
        }
    }

    #[test]
    fn a_text_that_needs_an_escape_leaves_the_string_as_it_was() {
        for length in 1..40 {
            for at in 0..length {
                for escaped in ['"', '\\', '\n', '\0'] {
                    let mut text: Vec<char> = TEXT.chars().cycle().take(length).collect();
                    text[at] = escaped;
                    let mut out = String::from("é");
                    assert!(!push_plain_quoted(&mut out, &text.iter().collect::<String>()), "{text:?}");
                    assert_eq!(out, "é");
                }
            }
        }
    }
}
