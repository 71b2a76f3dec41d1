//! One attribute of a set: how it is kept, and how it is looked at.

use crate::attribute::Value;

/// An attribute as it is kept: three words, and there is nothing to drop.
///
/// A text that is a constant is kept as its address. Only constants are ever packed as such, so that an address can be
/// made a text again.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Row {
    /// Address of a constant, or start in the set's own text.
    key: u64,
    /// A number, the address of a constant, a start in the set's own text, or a place in the list of what is nested.
    value: u64,
    /// From the lowest bit: length of a value that is a text (32), length of the key (28), kind of the value (3), whether
    /// the key is in the set's own text (1).
    meta: u64,
}

/// Bytes that a key may have at most.
pub(crate) const MAX_KEY_BYTES: usize = (1 << 28) - 1;

const KEY_LEN_AT: u32 = 32;
const KIND_AT: u32 = 60;
const IS_OWN_KEY: u64 = 1 << 63;

/// Kinds of value, in their place. Those of numbers are the types that columns have.
pub(crate) mod packed {
    use super::KIND_AT;
    use crate::columns::kind;

    pub(crate) const EMPTY: u64 = (kind::EMPTY as u64) << KIND_AT;
    pub(crate) const BOOL: u64 = (kind::BOOL as u64) << KIND_AT;
    pub(crate) const INT: u64 = (kind::INT as u64) << KIND_AT;
    pub(crate) const DOUBLE: u64 = (kind::DOUBLE as u64) << KIND_AT;
    pub(crate) const CONSTANT: u64 = (kind::STRING as u64) << KIND_AT;
    pub(crate) const OWN: u64 = 6 << KIND_AT;
    pub(crate) const NESTED: u64 = 7 << KIND_AT;
    pub(crate) const MASK: u64 = 7 << KIND_AT;
}

/// A key that is a constant, with what the compiler can know about it: two words, which are handed on in registers.
#[derive(Clone, Copy)]
pub(super) struct ConstantKey {
    address: u64,
    /// As in a row; in the place of a value's length the key's hash.
    meta: u64,
}

impl ConstantKey {
    /// A key, for a value of this kind. None if it is too long for a row.
    #[inline(always)]
    pub(super) fn new(name: &'static str, kind: u64) -> Option<Self> {
        let meta = kind | (name.len() as u64) << KEY_LEN_AT | u64::from(hash(name));
        (name.len() <= MAX_KEY_BYTES).then(|| Self { address: address_of(name), meta })
    }

    #[inline(always)]
    pub(super) fn len(self) -> usize {
        (self.meta >> KEY_LEN_AT) as usize & MAX_KEY_BYTES
    }

    #[inline(always)]
    pub(super) fn hash(self) -> u32 {
        self.meta as u32
    }

    pub(super) fn name(self) -> &'static str {
        constant_at(self.address, self.len())
    }

    /// The row with a value that is no text.
    #[inline(always)]
    pub(super) fn with_number(self, value: u64) -> Row {
        Row { key: self.address, value, meta: self.meta & !u64::from(u32::MAX) }
    }

    /// The row with a value that is a piece of the set's own text.
    #[inline(always)]
    pub(super) fn with_own_text(self, start: u32, len: u32) -> Row {
        Row { key: self.address, value: u64::from(start), meta: self.meta & !u64::from(u32::MAX) | u64::from(len) }
    }

    /// The row with a constant as value.
    #[inline(always)]
    pub(super) fn with_constant(self, text: ConstantText) -> Row {
        Row {
            key: self.address,
            value: text.address,
            meta: self.meta & !u64::from(u32::MAX) | u64::from(text.len as u32),
        }
    }
}

/// A constant in two words that are handed on in registers.
#[derive(Clone, Copy)]
pub(super) struct ConstantText {
    address: u64,
    len: usize,
}

impl ConstantText {
    /// None if it is too long for a row.
    #[inline(always)]
    pub(super) fn new(text: &'static str) -> Option<Self> {
        (text.len() <= u32::MAX as usize).then(|| Self { address: address_of(text), len: text.len() })
    }

    #[inline(always)]
    pub(super) fn len(self) -> usize {
        self.len
    }
}

impl Row {
    /// Words that a row takes.
    pub(crate) const WORDS: usize = size_of::<Self>() / size_of::<u64>();

    /// Rows as the words they are.
    #[inline]
    #[expect(unsafe_code, reason = "rows are copied as words")]
    pub(crate) fn words(rows: &[Self]) -> &[u64] {
        // SAFETY: a row is three words and nothing between them.
        unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * Self::WORDS) }
    }

    /// The rows that these words are.
    ///
    /// # Safety
    /// They came from [`Self::words`], whole rows.
    #[inline]
    #[expect(unsafe_code, reason = "rows are copied as words")]
    pub(crate) unsafe fn from_words(words: &[u64]) -> &[Self] {
        // SAFETY: a row is three words and nothing between them, and the caller promises that these are rows.
        unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len() / Self::WORDS) }
    }

    /// The attribute, packed. A key of more than [`MAX_KEY_BYTES`] is packed as an empty one, and so is a text of 4 GiB.
    #[inline]
    pub(crate) fn new(key: Text, value: Slot) -> Self {
        let (key, key_len, own_key) = match key {
            Text::Constant(text) if text.len() <= MAX_KEY_BYTES => (address_of(text), text.len(), 0),
            Text::Own { start, len } if len as usize <= MAX_KEY_BYTES => (u64::from(start), len as usize, IS_OWN_KEY),
            Text::Constant(_) | Text::Own { .. } => (address_of(""), 0, 0),
        };
        let mut row = Self { key, value: 0, meta: own_key | (key_len as u64) << KEY_LEN_AT };
        row.set_value(value);
        row
    }

    /// Gives the attribute another value.
    #[inline]
    pub(crate) fn set_value(&mut self, value: Slot) {
        let (kind, word, len) = match value {
            Slot::Empty => (packed::EMPTY, 0, 0),
            Slot::Bool(value) => (packed::BOOL, u64::from(value), 0),
            Slot::Int(value) => (packed::INT, value.cast_unsigned(), 0),
            Slot::Double(value) => (packed::DOUBLE, value.to_bits(), 0),
            Slot::Text(Text::Constant(text)) => {
                let text = if text.len() <= u32::MAX as usize { text } else { "" };
                (packed::CONSTANT, address_of(text), text.len() as u32)
            }
            Slot::Text(Text::Own { start, len }) => (packed::OWN, u64::from(start), len),
            Slot::Nested(at) => (packed::NESTED, u64::from(at), 0),
        };
        self.value = word;
        self.meta = self.meta & !(packed::MASK | u64::from(u32::MAX)) | kind | u64::from(len);
    }

    /// Bytes of its texts that are constants.
    #[inline(always)]
    pub(crate) fn constant_bytes(&self) -> usize {
        let key = if self.meta & IS_OWN_KEY == 0 { (self.meta >> KEY_LEN_AT) as usize & MAX_KEY_BYTES } else { 0 };
        let value = if self.meta & packed::MASK == packed::CONSTANT { self.meta as u32 as usize } else { 0 };
        key + value
    }

    /// The type and the value as columns have them, if it is a number or nothing.
    #[inline(always)]
    pub(crate) fn number(&self) -> Option<(u8, u64)> {
        let kind = self.meta & packed::MASK;
        let is_number = kind <= packed::DOUBLE && kind != packed::CONSTANT;
        is_number.then_some(((kind >> KIND_AT) as u8, self.value))
    }

    /// The key.
    #[inline(always)]
    pub(crate) fn key(&self) -> Text {
        let len = (self.meta >> KEY_LEN_AT) as usize & MAX_KEY_BYTES;
        match self.meta & IS_OWN_KEY {
            0 => Text::Constant(constant_at(self.key, len)),
            _ => Text::Own { start: self.key as u32, len: len as u32 },
        }
    }

    /// The value.
    #[inline(always)]
    pub(crate) fn value(&self) -> Slot {
        let len = self.meta as u32;
        match self.meta & packed::MASK {
            packed::BOOL => Slot::Bool(self.value != 0),
            packed::INT => Slot::Int(self.value.cast_signed()),
            packed::DOUBLE => Slot::Double(f64::from_bits(self.value)),
            packed::CONSTANT => Slot::Text(Text::Constant(constant_at(self.value, len as usize))),
            packed::OWN => Slot::Text(Text::Own { start: self.value as u32, len }),
            packed::NESTED => Slot::Nested(self.value as u32),
            _ => Slot::Empty,
        }
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("key", &self.key()).field("value", &self.value()).finish()
    }
}

#[inline(always)]
fn address_of(text: &'static str) -> u64 {
    text.as_ptr().expose_provenance() as u64
}

/// The constant that was packed.
#[inline(always)]
#[expect(unsafe_code, reason = "a text of two words more would make every attribute two thirds larger")]
fn constant_at(address: u64, len: usize) -> &'static str {
    let pointer = std::ptr::with_exposed_provenance(address as usize);
    // SAFETY: every caller got address and length of one and the same constant, whole: the fields that hold them are
    // private to this file, are written together, and nothing that does not fit into them is ever put there.
    unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(pointer, len)) }
}

/// Bits of a key's hash.
pub(super) const HASH_BITS: u32 = 9;

/// A few bits of a key: of its first eight bytes, its last eight and its length, in which all keys of most sets differ.
#[inline(always)]
pub(super) fn hash(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (0, bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))),
    };
    let word = first.rotate_left(29) ^ last ^ (bytes.len() as u64) << 57;
    // Fibonacci hashing: Knuth, The Art of Computer Programming, volume 3, 6.4.
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - HASH_BITS)) as u32
}

/// A text of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Text {
    /// Of the program.
    Constant(&'static str),
    /// In the set's own text.
    Own { start: u32, len: u32 },
}

impl Text {
    /// Whether it has no bytes.
    #[inline(always)]
    pub(crate) fn is_empty(self) -> bool {
        match self {
            Self::Constant(text) => text.is_empty(),
            Self::Own { len, .. } => len == 0,
        }
    }
}

/// A value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slot {
    Empty,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Text),
    /// A place in the set's list of what is nested.
    Nested(u32),
}

/// A text where it lies.
#[derive(Clone, Copy, Debug)]
pub enum TextRef<'a> {
    /// A constant of the program.
    Constant(&'static str),
    /// Made at run time.
    Own(&'a str),
}

impl<'a> TextRef<'a> {
    /// The text.
    #[inline]
    pub fn as_str(self) -> &'a str {
        match self {
            Self::Constant(text) => text,
            Self::Own(text) => text,
        }
    }
}

impl TextRef<'_> {
    /// The text without what is longer than `max` bytes; a constant stays one.
    #[inline]
    pub(super) fn cut(self, max: usize) -> Self {
        match self {
            Self::Constant(text) => Self::Constant(&text[..text.floor_char_boundary(max)]),
            Self::Own(text) => Self::Own(&text[..text.floor_char_boundary(max)]),
        }
    }
}

impl PartialEq for TextRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// A value where it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ValueRef<'a> {
    Empty,
    String(TextRef<'a>),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// Bytes, a list, or named values.
    Nested(&'a Value),
}

impl ValueRef<'_> {
    /// A copy.
    pub fn to_value(self) -> Value {
        match self {
            Self::Empty => Value::Empty,
            Self::String(TextRef::Constant(text)) => Value::String(text.into()),
            Self::String(TextRef::Own(text)) => Value::String(text.to_owned().into()),
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Double(value) => Value::Double(value),
            Self::Nested(value) => value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::kind;

    const LONG: &str = "a constant of the program";

    fn number(value: Slot) -> Option<(u8, u64)> {
        match value {
            Slot::Empty => Some((kind::EMPTY, 0)),
            Slot::Bool(value) => Some((kind::BOOL, u64::from(value))),
            Slot::Int(value) => Some((kind::INT, value as u64)),
            Slot::Double(value) => Some((kind::DOUBLE, value.to_bits())),
            Slot::Text(_) | Slot::Nested(_) => None,
        }
    }

    #[test]
    fn whatever_is_packed_comes_out_again_and_another_value_leaves_the_key_alone() {
        let keys = [Text::Constant(LONG), Text::Constant(&LONG[2..10]), Text::Own { start: u32::MAX, len: 7 }];
        let values = [
            Slot::Empty,
            Slot::Bool(true),
            Slot::Bool(false),
            Slot::Int(i64::MIN),
            Slot::Double(-0.5),
            Slot::Text(Text::Constant("")),
            Slot::Text(Text::Constant(LONG)),
            Slot::Text(Text::Own { start: 5, len: u32::MAX }),
            Slot::Nested(u32::MAX),
        ];
        for key in keys {
            for value in values {
                let row = Row::new(key, value);
                assert_eq!((row.key(), row.value()), (key, value));
                assert_eq!(row.number(), number(value));
                for other in values {
                    let mut row = row;
                    row.set_value(other);
                    assert_eq!((row.key(), row.value()), (key, other));
                }
            }
        }
    }

    #[test]
    fn a_key_that_does_not_fit_into_a_row_is_packed_as_none() {
        let fits = Row::new(Text::Own { start: 0, len: MAX_KEY_BYTES as u32 }, Slot::Empty);
        assert_eq!(fits.key(), Text::Own { start: 0, len: MAX_KEY_BYTES as u32 });
        let row = Row::new(Text::Own { start: 0, len: MAX_KEY_BYTES as u32 + 1 }, Slot::Int(-1));
        assert_eq!((row.key(), row.value()), (Text::Constant(""), Slot::Int(-1)));
    }

    #[test]
    fn of_keys_that_differ_in_one_place_few_have_the_same_hash() {
        let sets: [fn(usize) -> String; 6] = [
            |n| format!("k{n:02}"),
            |n| format!("attribute.{n:02}"),
            |n| format!("{n:02}.of.a.queue.in.bytes"),
            |n| format!("queue.{n:02}.bytes"),
            |n| format!("{n}"),
            |n| "x".repeat(n),
        ];
        for key in sets {
            let mut hashes: Vec<u32> = (0..64).map(|n| hash(&key(n))).collect();
            assert!(hashes.iter().all(|hash| *hash < 1 << HASH_BITS));
            hashes.sort_unstable();
            hashes.dedup();
            // Of 64 numbers below 512 that are drawn about 60 are different.
            assert!(hashes.len() >= 50, "{} of keys like {}", hashes.len(), key(7));
        }
    }

    #[test]
    fn a_constant_key_is_the_row_that_would_be_packed() {
        let key = |kind| ConstantKey::new(LONG, kind).expect("short");
        assert_eq!(key(packed::INT).name(), LONG);
        let row = key(packed::INT).with_number(u64::MAX);
        assert_eq!((row.key(), row.value()), (Text::Constant(LONG), Slot::Int(-1)));
        let row = key(packed::CONSTANT).with_constant(ConstantText::new(&LONG[2..]).expect("short"));
        assert_eq!((row.key(), row.value()), (Text::Constant(LONG), Slot::Text(Text::Constant(&LONG[2..]))));
        let row = key(packed::OWN).with_own_text(u32::MAX, 7);
        assert_eq!((row.key(), row.value()), (Text::Constant(LONG), Slot::Text(Text::Own { start: u32::MAX, len: 7 })));
    }
}
