//! An attribute as nearly every encoder writes it, read in one go: the key, then one string, truth value or number, and
//! every length below 128.
//!
//! Constraints: it judges nothing. What is written in any other way is left to the walk, which reads it field by field and
//! says what is wrong; what is taken here the walk would read alike (a test compares the two).

use super::{
    fields::{any_value, key_value},
    visit::{Attribute, Visit},
};
use crate::columns::{kind, words};

/// Hands the key and value of the attribute to `visitor` whose length is the first byte of `bytes`; also how many bytes it
/// takes. `bytes` may go on behind it.
#[inline(always)]
pub(super) fn read<V: Visit>(bytes: &[u8], visitor: &mut V) -> Option<(Attribute, usize)> {
    let (&length, message) = bytes.split_first()?;
    let body = message.get(..short(length)?)?;
    let (&[key_tag, key_length], after) = body.split_first_chunk()?;
    let (key, rest) = after.split_at_checked(short(key_length)?)?;
    let (&[value_tag, value_length], value) = rest.split_first_chunk()?;
    if [key_tag, value_tag] != [key_value::KEY as u8, key_value::VALUE as u8]
        || value.len() != usize::from(value_length)
        || key.is_empty()
    {
        return None;
    }
    let (&tag, value) = value.split_first()?;
    let (kind, value) = match u32::from(tag) {
        any_value::STRING => {
            let (&text_length, text) = value.split_first()?;
            if text.len() != usize::from(text_length) {
                return None;
            }
            // What is behind a text may be copied with it: that takes fewer steps than to stop at its end.
            let behind = message.get(body.len() - text.len()..)?;
            let key = visitor.text(message.get(2..)?, key.len()).ok()?;
            let text = visitor.text(behind, text.len()).ok()?;
            return Some((Attribute { key, kind: kind::STRING, value: text }, body.len() + 1));
        }
        any_value::BOOL if value.len() == 1 => (kind::BOOL, [u32::from(short(value[0])? != 0), 0]),
        any_value::INT => (kind::INT, words(varint(value)?)),
        any_value::DOUBLE => (kind::DOUBLE, words(u64::from_le_bytes(*value.as_array()?))),
        _ => return None,
    };
    let key = visitor.text(message.get(2..)?, key.len()).ok()?;
    Some((Attribute { key, kind, value }, body.len() + 1))
}

/// A varint of one byte.
#[inline(always)]
fn short(byte: u8) -> Option<usize> {
    (byte < 0x80).then_some(usize::from(byte))
}

/// All of `bytes` as one varint; none if it has more than 63 bits, which negative numbers have.
#[inline(always)]
fn varint(bytes: &[u8]) -> Option<u64> {
    let (&last, rest) = bytes.split_last()?;
    if rest.len() > 8 || last >= 0x80 || rest.iter().any(|byte| *byte < 0x80) {
        return None;
    }
    Some(rest.iter().rfold(u64::from(last), |value, byte| value << 7 | u64::from(byte & 0x7f)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            visit::{SpanEvent, SpanLink, Words},
            walk_attribute::walk_key_value,
            wire::{Message, Reader, What},
        },
        *,
    };
    use crate::columns::Owner;

    /// Remembers texts.
    #[derive(Default)]
    struct Texts(Vec<u8>);

    impl Visit for Texts {
        fn max_depth(&self) -> u32 {
            8
        }

        fn text(&mut self, bytes: &[u8], length: usize) -> Result<Words, What> {
            self.0.extend_from_slice(&bytes[..length]);
            Ok([self.0.len() as u32, length as u32])
        }

        fn bytes(&mut self, _: &[u8]) -> Words {
            [0, 0]
        }

        fn reserve_nested(&mut self, _: usize) -> u32 {
            0
        }

        fn nested(&mut self, _: usize, _: Attribute) {}
        fn attribute(&mut self, _: Owner, _: Attribute) {}
        fn span_event(&mut self, _: SpanEvent) {}
        fn span_link(&mut self, _: SpanLink<'_>) {}
    }

    fn field(tag: u32, content: &[u8]) -> Vec<u8> {
        [&[tag as u8, content.len() as u8], content].concat()
    }

    /// An attribute with its length before it.
    fn attribute(key: &[u8], value: &[u8]) -> Vec<u8> {
        field(0, &[field(key_value::KEY, key), field(key_value::VALUE, value)].concat())[1..].to_vec()
    }

    fn values() -> impl Strategy<Value = Vec<u8>> {
        let number = prop_oneof![any::<u64>(), 0..300_u64].prop_map(|number| {
            let (mut rest, mut bytes) = (number, vec![any_value::INT as u8]);
            while rest >= 0x80 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            bytes
        });
        prop_oneof![
            "[a-zé]{0,40}".prop_map(|text| field(any_value::STRING, text.as_bytes())),
            any::<u8>().prop_map(|truth| vec![any_value::BOOL as u8, truth]),
            number,
            any::<[u8; 8]>().prop_map(|bytes| [&[any_value::DOUBLE as u8][..], &bytes].concat()),
            "[a-z]{0,9}".prop_map(|text| field(any_value::BYTES, text.as_bytes())),
            Just(Vec::new()),
        ]
    }

    /// What the walk reads: the attribute, how many bytes, which texts.
    fn walked(bytes: &[u8]) -> Option<(Attribute, usize, Vec<u8>)> {
        let (mut texts, mut r) = (Texts::default(), Reader::new(bytes, 0, bytes.len(), Message::Span));
        let attribute = walk_key_value(&mut r, &mut texts, 0).ok()?;
        Some((attribute, r.at(), texts.0))
    }

    fn read_at_once(bytes: &[u8]) -> Option<(Attribute, usize, Vec<u8>)> {
        let mut texts = Texts::default();
        let (attribute, length) = read(bytes, &mut texts)?;
        Some((attribute, length, texts.0))
    }

    #[test]
    fn ordinary_attributes_are_read_at_once_to_the_edges() {
        let longest = [any_value::INT as u8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        let negative = [&longest[..9], &[0xff, 1]].concat();
        for (key, value, is_simple) in [
            (&b"k"[..], field(any_value::STRING, b""), true),
            (&[b'k'; 119], field(any_value::STRING, b"a"), true),
            (&[b'k'; 120], field(any_value::STRING, b"a"), true),
            (&[b'k'; 121], field(any_value::STRING, b"a"), false),
            (b"", field(any_value::STRING, b"a"), false),
            (b"k", longest.to_vec(), true),
            (b"k", negative, false),
            (b"k", vec![any_value::BOOL as u8, 0x7f], true),
            (b"k", vec![any_value::BOOL as u8, 0x80, 0], false),
        ] {
            let mut bytes = attribute(key, &value);
            bytes.extend_from_slice(b"more");
            assert_eq!(read_at_once(&bytes).is_some(), is_simple, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_at_once_the_walk_reads_alike(
            key in "[a-zé.]{0,60}",
            value in values(),
            behind in proptest::collection::vec(any::<u8>(), 0..40),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        ) {
            let mut bytes = attribute(key.as_bytes(), &value);
            bytes.extend(behind);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(read) = read_at_once(&bytes) {
                prop_assert_eq!(Some(read), walked(&bytes));
            }
        }
    }
}
