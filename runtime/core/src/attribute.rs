//! Attribute values: OpenTelemetry's `AnyValue`, `opentelemetry/proto/common/v1/common.proto`.

use std::borrow::Cow;

/// A name, usually a constant of the program.
pub type Key = Cow<'static, str>;

/// A value of any type OTLP knows.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Value {
    #[default]
    Empty,
    String(Cow<'static, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Array(Vec<Value>),
    KeyValueList(Vec<KeyValue>),
    Bytes(Vec<u8>),
}

/// A named value.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyValue {
    /// The attribute's key.
    pub key: Key,
    /// The attribute's value.
    pub value: Value,
}

impl KeyValue {
    /// A named value.
    pub fn new(key: impl Into<Key>, value: impl Into<Value>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

impl Value {
    /// Bytes of texts, byte values and nested rows in columns. The recursion is as deep as the value: not for values of
    /// unknown depth.
    pub(crate) fn size(&self) -> usize {
        /// Key, type and value.
        const NESTED_ROW_BYTES: usize = 8 + 1 + 8;
        match self {
            Self::Empty | Self::Bool(_) | Self::Int(_) | Self::Double(_) => 0,
            Self::String(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Array(elements) => elements.iter().map(|element| NESTED_ROW_BYTES + element.size()).sum(),
            Self::KeyValueList(elements) => {
                elements.iter().map(|element| NESTED_ROW_BYTES + element.key.len() + element.value.size()).sum()
            }
        }
    }
}

macro_rules! into_value {
    ($($from:ty => $variant:ident),+) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self { Self::$variant(value.into()) }
        })+
    };
}

into_value! {
    &'static str => String, String => String, Cow<'static, str> => String, bool => Bool, i64 => Int, i32 => Int,
    u32 => Int, f64 => Double, Vec<u8> => Bytes, Vec<Value> => Array, Vec<KeyValue> => KeyValueList
}
