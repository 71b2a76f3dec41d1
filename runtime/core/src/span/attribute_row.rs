//! One attribute of a set: how it is kept, and how it is looked at.

use crate::attribute::Value;

/// An attribute as it is kept. Small, and there is nothing to drop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) key: Text,
    pub(crate) value: Slot,
}

/// A text as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text {
    /// Of the program.
    Constant(&'static str),
    /// In the set's own text.
    Own { start: u32, len: u32 },
}

/// A value as it is kept.
#[derive(Clone, Copy, Debug)]
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
