//! Walks the JSON along the schema and writes protobuf as it goes.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

use serde::de::{self, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    scalar::{Real, TextVisitor, Whole, base64, hex, read_bool, unexpected_text},
    schema::{Field, Kind, Message},
};
use crate::receiver::protobuf_writer::Writer;

/// Rewrites a request from JSON into protobuf.
///
/// # Errors
/// What was found, what is allowed, at which path, line and column.
pub(crate) fn to_protobuf(json: &[u8], message: &'static Message) -> Result<Vec<u8>, String> {
    // Protobuf is about half as long; growing once more costs less than always reserving too much.
    let mut target = Target { writer: Writer::with_capacity(json.len() / 2), path: Vec::new() };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = Fields { message, target: &mut target }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| (error, path(&target.path)));
    match read {
        Ok(()) => Ok(target.writer.finish()),
        Err((error, path)) if path.is_empty() => Err(format!("not a valid OTLP request in JSON: {error}")),
        Err((error, path)) => Err(format!("not a valid OTLP request in JSON: {path}: {error}")),
    }
}

/// What is written, and where in the JSON the reader is. After an error the path stays where it happened.
struct Target {
    writer: Writer,
    path: Vec<Step>,
}

enum Step {
    Key(&'static str),
    Index(usize),
}

fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if path.is_empty() => path.push_str(key),
            // Writing into a string cannot fail.
            Step::Key(key) => drop(write!(path, ".{key}")),
            Step::Index(index) => drop(write!(path, "[{index}]")),
        }
    }
    path
}

/// Reads one message, an object; null is an absent one.
struct Fields<'a> {
    message: &'static Message,
    target: &'a mut Target,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        // Not `deserialize_map`, whose error would quote all of a string.
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        Err(unexpected_text(text, &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Key(self.message))? {
            let Some(field) = field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.target.path.push(Step::Key(field.key));
            map.next_value_seed(Value { field, is_oneof: self.message.is_oneof, target: self.target })?;
            self.target.path.pop();
        }
        Ok(())
    }
}

/// Finds the field of a key; unknown keys have none.
struct Key(&'static Message);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.fields.iter().find(|field| field.key == key))
    }
}

/// Reads the value of one field.
struct Value<'a> {
    field: &'static Field,
    is_oneof: bool,
    target: &'a mut Target,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        match (self.field.is_repeated, self.field.kind) {
            (true, _) => from.deserialize_any(Elements { field: self.field, target: self.target }),
            (false, Kind::Message(message)) => {
                from.deserialize_option(Nested { number: self.field.number, message, target: self.target })
            }
            (false, kind) => read_scalar(from, self.field.number, kind, self.is_oneof, &mut self.target.writer),
        }
    }
}

/// Reads a nested message, unless it is null.
struct Nested<'a> {
    number: u32,
    message: &'static Message,
    target: &'a mut Target,
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let open = self.target.writer.open(self.number);
        Fields { message: self.message, target: self.target }.deserialize(from)?;
        self.target.writer.close(open);
        Ok(())
    }
}

/// Reads the elements of a repeated field; null is none of them.
struct Elements<'a> {
    field: &'static Field,
    target: &'a mut Target,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        Err(unexpected_text(text, &self))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.target.path.push(Step::Index(index));
            let element = Element { field: self.field, target: self.target };
            let Some(()) = elements.next_element_seed(element)? else { break };
            self.target.path.pop();
        }
        self.target.path.pop();
        Ok(())
    }
}

/// Reads one element of a repeated field. Unlike a field, it cannot be null: that would shift its neighbours.
struct Element<'a> {
    field: &'static Field,
    target: &'a mut Target,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let Kind::Message(message) = self.field.kind else {
            return read_scalar(from, self.field.number, self.field.kind, true, &mut self.target.writer);
        };
        let open = self.target.writer.open(self.field.number);
        Fields { message, target: self.target }.deserialize(from)?;
        self.target.writer.close(open);
        Ok(())
    }
}

/// Reads one scalar; a default value is left out unless `always`.
fn read_scalar<'de, D: Deserializer<'de>>(
    from: D,
    number: u32,
    kind: Kind,
    always: bool,
    writer: &mut Writer,
) -> Result<(), D::Error> {
    match kind {
        Kind::Text => read_bytes(from, "a string", number, always, writer, |text| Ok(Cow::Borrowed(text.as_bytes()))),
        Kind::Id => read_bytes(from, "a string of hex digits", number, always, writer, hex),
        Kind::Bytes => read_bytes(from, "a string of base64", number, always, writer, base64),
        Kind::Bool | Kind::Double => read_bool_or_double(from, number, kind, always, writer),
        _ => read_whole(from, number, kind, always, writer),
    }
}

fn read_bytes<'de, D: Deserializer<'de>>(
    from: D,
    expected: &'static str,
    number: u32,
    always: bool,
    writer: &mut Writer,
    convert: impl for<'t> FnOnce(&'t str) -> Result<Cow<'t, [u8]>, String>,
) -> Result<(), D::Error> {
    let take = |text: &str| {
        let bytes = convert(text)?;
        if always || !bytes.is_empty() {
            writer.bytes_field(number, &bytes);
        }
        Ok(())
    };
    from.deserialize_any(TextVisitor { expected, take })
}

fn read_bool_or_double<'de, D: Deserializer<'de>>(
    from: D,
    number: u32,
    kind: Kind,
    always: bool,
    writer: &mut Writer,
) -> Result<(), D::Error> {
    if matches!(kind, Kind::Double) {
        // Compared by its bits: minus zero is not the default.
        let value = Real::read(from)?.map(|Real(value)| value.to_bits());
        if let Some(bits) = value.filter(|bits| always || *bits != 0) {
            writer.fixed64_field(number, bits);
        }
        return Ok(());
    }
    if let Some(value) = read_bool(from)?.filter(|value| always || *value) {
        writer.varint_field(number, u64::from(value));
    }
    Ok(())
}

fn read_whole<'de, D: Deserializer<'de>>(
    from: D,
    number: u32,
    kind: Kind,
    always: bool,
    writer: &mut Writer,
) -> Result<(), D::Error> {
    let value = match kind {
        Kind::Enum => Whole::read_number(from)?,
        _ => Whole::read(from)?,
    };
    let Some(value) = value.filter(|value| always || value.0 != 0) else { return Ok(()) };
    match kind {
        // A negative enum or integer is written as its 64-bit two's complement.
        Kind::Enum => writer.varint_field(number, i64::from(value.fit::<i32, D::Error>("int32")?) as u64),
        Kind::Int64 => writer.varint_field(number, value.fit::<i64, D::Error>("int64")? as u64),
        Kind::Uint32 => writer.varint_field(number, value.fit::<u32, D::Error>("uint32")?.into()),
        Kind::Fixed32 => writer.fixed32_field(number, value.fit::<u32, D::Error>("uint32")?),
        Kind::Fixed64 => writer.fixed64_field(number, value.fit::<u64, D::Error>("uint64")?),
        _ => return Err(D::Error::custom("not a whole number")),
    }
    Ok(())
}
