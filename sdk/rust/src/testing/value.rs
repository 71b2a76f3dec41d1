//! A value with an owner, for fixtures.

/// OpenTelemetry's `AnyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "as in `ValueView`")]
pub enum Value {
    #[default]
    Empty,
    String(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    Array(Vec<Value>),
    KeyValues(Vec<(String, Value)>),
    Bytes(Vec<u8>),
}

impl Value {
    /// Its number in OTLP's `AnyValue`.
    pub(crate) fn number(&self) -> u8 {
        match self {
            Self::Empty => 0,
            Self::String(_) => 1,
            Self::Bool(_) => 2,
            Self::Int(_) => 3,
            Self::Double(_) => 4,
            Self::Array(_) => 5,
            Self::KeyValues(_) => 6,
            Self::Bytes(_) => 7,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_owned())
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(values: Vec<V>) -> Self {
        Self::Array(values.into_iter().map(Into::into).collect())
    }
}
