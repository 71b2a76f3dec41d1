//! Scalars of ProtoJSON: what is accepted for each, checked and converted.

use std::{borrow::Cow, fmt};

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::de::{self, Deserializer, Unexpected, Visitor};

/// A whole number, from a JSON number or from a string that holds one; an exponent is fine, a fraction is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole(pub(super) i128);

/// Any number: a JSON number, a string that holds one, or `"NaN"`, `"Infinity"`, `"-Infinity"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Real(pub(super) f64);

impl Whole {
    /// Reads a whole number; null is none.
    pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        from.deserialize_any(WholeVisitor { text_too: true })
    }

    /// Reads a whole number that may not be a string, such as an enum's; null is none.
    pub(super) fn read_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        from.deserialize_any(WholeVisitor { text_too: false })
    }

    /// The number in a narrower type.
    pub(super) fn fit<T: TryFrom<i128>, E: de::Error>(self, name: &str) -> Result<T, E> {
        T::try_from(self.0).map_err(|_| E::custom(format_args!("{} does not fit into {name}", self.0)))
    }
}

struct WholeVisitor {
    text_too: bool,
}

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Option<Whole>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.text_too {
            true => "a whole number, or a string that holds one",
            false => "a whole number, not a name",
        })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Whole(value.into())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Whole(value.into())))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        match whole(value) {
            Some(whole) => Ok(Some(whole)),
            None => Err(E::invalid_value(Unexpected::Float(value), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let parsed = || match text.parse::<i128>() {
            Ok(value) => Some(Whole(value)),
            Err(_) => number(text).and_then(whole),
        };
        match self.text_too.then(parsed).flatten() {
            Some(whole) => Ok(Some(whole)),
            None => Err(E::invalid_value(Unexpected::Other(&quote(text)), &self)),
        }
    }
}

/// Every float without a fraction is an exact integer; beyond 2^64 none fits into any field.
fn whole(value: f64) -> Option<Whole> {
    const BOUND: f64 = 18_446_744_073_709_551_616.0;
    (value.fract() == 0.0 && value.abs() <= BOUND).then_some(Whole(value as i128))
}

/// A number spelled as JSON spells it; Rust alone would also take `inf` and `nan`.
fn number(text: &str) -> Option<f64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|value: &f64| is_number && value.is_finite())
}

impl Real {
    /// Reads a number; null is none.
    pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        from.deserialize_any(RealVisitor)
    }
}

struct RealVisitor;

impl<'de> Visitor<'de> for RealVisitor {
    type Value = Option<Real>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or \"NaN\", \"Infinity\", \"-Infinity\"")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Real(value as f64)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Real(value as f64)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(Real(value)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let value = match text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => number(text),
        };
        value.map(|value| Some(Real(value))).ok_or_else(|| E::invalid_value(Unexpected::Other(&quote(text)), &self))
    }
}

/// Reads true or false; null is neither.
pub(super) fn read_bool<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    from.deserialize_any(BoolVisitor)
}

struct BoolVisitor;

impl Visitor<'_> for BoolVisitor {
    type Value = Option<bool>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Err(unexpected_text(text, &self))
    }
}

/// A text handed on where it lies, without a copy; null is none.
pub(super) struct TextVisitor<F> {
    /// What the field is called when something else is found.
    pub(super) expected: &'static str,
    /// Takes the text, or says what is wrong with it.
    pub(super) take: F,
}

impl<'de, F: FnOnce(&str) -> Result<(), String>> Visitor<'de> for TextVisitor<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        (self.take)(text).map_err(E::custom)
    }
}

/// Bytes of a hex id, in either case. A wrong length is left to the scan, which rejects the row and not the request.
pub(super) fn hex(text: &str) -> Result<Cow<'_, [u8]>, String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs
        .collect::<Option<Vec<u8>>>()
        .map(Cow::Owned)
        .ok_or_else(|| "an id is hex, two digits for each byte, and not base64".to_owned())
}

/// Bytes of base64, in either alphabet, padded or not.
pub(super) fn base64(text: &str) -> Result<Cow<'_, [u8]>, String> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let decoded = GeneralPurpose::new(alphabet, config).decode(text);
    decoded.map(Cow::Owned).map_err(|error| format!("not valid base64: {error}"))
}

/// A text where there should be something else.
pub(super) fn unexpected_text<E: de::Error>(text: &str, expected: &dyn de::Expected) -> E {
    E::invalid_type(Unexpected::Other(&quote(text)), expected)
}

/// The beginning of a text, for an error. Serde alone would quote all of it, up to six bytes for each of the body's.
fn quote(text: &str) -> String {
    const MAX_CHARS: usize = 64;
    let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(end, _)| end);
    let ellipsis = if end < text.len() { "…" } else { "" };
    format!("string {:?}{ellipsis}", text.get(..end).unwrap_or_default())
}
