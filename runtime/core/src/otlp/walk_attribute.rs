//! The walk over attributes and their values.

use super::{
    fields::{any_value, elements, key_value},
    simple,
    visit::{Attribute, Visit, Words},
    wire::{Message, Read, Reader, What},
};
use crate::columns::{Owner, kind, words};

#[inline]
pub(super) fn text<V: Visit>(r: &mut Reader<'_>, visitor: &mut V) -> Read<Words> {
    let text = r.bytes()?;
    visitor.text(text, text.len()).map_err(|what| r.violation(what))
}

#[inline]
pub(super) fn walk_attribute<V: Visit>(r: &mut Reader<'_>, visitor: &mut V, owner: Owner) -> Read<()> {
    let attribute = match simple::read(r.rest(), visitor) {
        Some((attribute, length)) => {
            r.advance(length);
            attribute
        }
        None => walk_key_value(r, visitor, 0)?,
    };
    visitor.attribute(owner, attribute);
    Ok(())
}

#[inline]
pub(super) fn walk_key_value<V: Visit>(r: &mut Reader<'_>, visitor: &mut V, depth: u32) -> Read<Attribute> {
    let mut r = r.message(Message::Attribute)?;
    let (mut key, mut value) = ([0, 0], None);
    while let Some(tag) = r.tag()? {
        match tag {
            key_value::KEY => key = text(&mut r, visitor)?,
            key_value::VALUE if value.is_some() => return Err(r.violation(What::Twice)),
            key_value::VALUE => value = Some(walk_value(&mut r, visitor, depth)?),
            key_value::KEY_INDEX => drop(r.varint()?),
            _ => r.skip(tag, key_value::KNOWN)?,
        }
    }
    let (kind, value) = value.unwrap_or_default();
    Ok(Attribute { key, kind, value })
}

/// An `AnyValue`: its type and its two words. Of several members the last one counts, but two arrays or two lists, which
/// protobuf would merge, are refused.
#[inline]
pub(super) fn walk_value<V: Visit>(r: &mut Reader<'_>, visitor: &mut V, depth: u32) -> Read<(u8, Words)> {
    let mut r = r.message(Message::Attribute)?;
    let mut value = (kind::EMPTY, [0, 0]);
    while let Some(tag) = r.tag()? {
        value = match tag {
            any_value::STRING => (kind::STRING, text(&mut r, visitor)?),
            any_value::BOOL => (kind::BOOL, [u32::from(r.varint()? != 0), 0]),
            any_value::INT => (kind::INT, words(r.varint()?)),
            any_value::DOUBLE => (kind::DOUBLE, words(r.fixed64()?)),
            any_value::BYTES => (kind::BYTES, visitor.bytes(r.bytes()?)),
            any_value::ARRAY if value.0 != kind::ARRAY => (kind::ARRAY, walk_elements(&mut r, visitor, depth, false)?),
            any_value::KEY_VALUE_LIST if value.0 != kind::KEY_VALUE_LIST => {
                (kind::KEY_VALUE_LIST, walk_elements(&mut r, visitor, depth, true)?)
            }
            any_value::STRING_INDEX => (kind::EMPTY, r.varint().map(|_| [0, 0])?),
            any_value::ARRAY | any_value::KEY_VALUE_LIST => return Err(r.violation(What::Twice)),
            _ => {
                r.skip(tag, any_value::KNOWN)?;
                value
            }
        };
    }
    Ok(value)
}

/// The elements of an array or, with keys, of a key-value list: first row and number of rows. They are counted first, so
/// that they are neighbours whatever is nested inside them.
fn walk_elements<V: Visit>(r: &mut Reader<'_>, visitor: &mut V, depth: u32, has_keys: bool) -> Read<Words> {
    if depth >= visitor.max_depth() {
        return Err(r.violation(What::Depth));
    }
    let mut r = r.message(Message::Attribute)?;
    let mut count = 0;
    let mut counting = r;
    while let Some(tag) = counting.tag()? {
        if tag == elements::VALUES {
            counting.bytes()?;
            count += 1;
        } else {
            counting.skip(tag, elements::KNOWN)?;
        }
    }
    let first = visitor.reserve_nested(count);
    let mut row = first as usize;
    while let Some(tag) = r.tag()? {
        if tag != elements::VALUES {
            r.skip(tag, elements::KNOWN)?;
            continue;
        }
        let element = if has_keys {
            walk_key_value(&mut r, visitor, depth + 1)?
        } else {
            let (kind, value) = walk_value(&mut r, visitor, depth + 1)?;
            Attribute { key: [0, 0], kind, value }
        };
        visitor.nested(row, element);
        row += 1;
    }
    Ok([first, count as u32])
}
