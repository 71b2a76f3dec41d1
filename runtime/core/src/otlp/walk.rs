//! The one walk over OTLP's messages. A visitor that only counts makes it the scan; a visitor that writes columns makes
//! it the decoder: so the two cannot disagree.
//!
//! What protobuf would merge (a singular message that occurs twice) is refused; of a repeated singular scalar the last
//! one counts, as protobuf says. Recursion is bounded by the visitor's `max_depth`.

use super::fields::{any_value, elements, key_value, log_record, resource, scope, span, span_event, span_link, status};
use super::fields::{resource_rows, scope_rows};
use super::simple;
use super::wire::{Message, Read, Reader, What};
use crate::columns::{Owner, kind, words};

/// A text or byte reference, or the two words of a value.
pub(super) type Words = [u32; 2];

/// No visitor may allow more nesting: it bounds recursion.
pub(super) const MAX_DEPTH: u32 = 256;

pub(super) trait Visit {
    /// How many arrays and key-value lists may enclose one another.
    fn max_depth(&self) -> u32;
    /// The first `length` of `bytes` are a text; what is behind them means nothing.
    fn text(&mut self, bytes: &[u8], length: usize) -> Result<Words, What>;
    fn bytes(&mut self, bytes: &[u8]) -> Words;
    fn reserve_nested(&mut self, rows: usize) -> u32;
    fn nested(&mut self, row: usize, attribute: Attribute);
    fn attribute(&mut self, owner: Owner, attribute: Attribute);
    fn span_event(&mut self, event: SpanEvent);
    fn span_link(&mut self, link: SpanLink<'_>);
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) key: Words,
    pub(super) kind: u8,
    pub(super) value: Words,
}

#[derive(Clone, Copy, Default)]
pub(super) struct SpanEvent {
    pub(super) time: u64,
    pub(super) name: Words,
    pub(super) dropped_attributes: u32,
}

#[derive(Clone, Copy, Default)]
pub(super) struct SpanLink<'a> {
    pub(super) trace_id: &'a [u8],
    pub(super) span_id: &'a [u8],
    pub(super) trace_state: Words,
    pub(super) flags: u32,
    pub(super) dropped_attributes: u32,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Span<'a> {
    pub(super) trace_id: &'a [u8],
    /// Where the trace id is in the request.
    pub(super) trace_id_at: usize,
    pub(super) span_id: &'a [u8],
    pub(super) parent_span_id: &'a [u8],
    pub(super) trace_state: Words,
    pub(super) flags: u32,
    pub(super) name: Words,
    pub(super) kind: u8,
    pub(super) start_time: u64,
    pub(super) end_time: u64,
    pub(super) status: Option<Status>,
    pub(super) dropped_attributes: u32,
    pub(super) dropped_events: u32,
    pub(super) dropped_links: u32,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Status {
    pub(super) code: u8,
    pub(super) message: Words,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Event<'a> {
    pub(super) time: u64,
    pub(super) observed_time: u64,
    pub(super) severity_number: u32,
    pub(super) severity_text: Words,
    pub(super) name: Words,
    pub(super) body: Option<(u8, Words)>,
    pub(super) trace_id: &'a [u8],
    /// Where the trace id is in the request.
    pub(super) trace_id_at: usize,
    pub(super) span_id: &'a [u8],
    pub(super) flags: u32,
    pub(super) dropped_attributes: u32,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Scope {
    pub(super) name: Words,
    pub(super) version: Words,
    pub(super) schema_url: Words,
    pub(super) dropped_attributes: u32,
    is_seen: bool,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Resource {
    pub(super) schema_url: Words,
    pub(super) dropped_attributes: u32,
    is_seen: bool,
}

#[inline]
fn text<V: Visit>(r: &mut Reader<'_>, visitor: &mut V) -> Read<Words> {
    let text = r.bytes()?;
    visitor.text(text, text.len()).map_err(|what| r.violation(what))
}

/// An enum that OTLP keeps below 256: unknown numbers of more than eight bits are read as 0, unspecified.
#[inline]
fn small_enum(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(0)
}

pub(super) fn walk_span<'a, V: Visit>(mut r: Reader<'a>, visitor: &mut V) -> Read<Span<'a>> {
    let mut row = Span::default();
    while let Some(tag) = r.tag()? {
        match tag {
            span::ATTRIBUTES => walk_attribute(&mut r, visitor, Owner::Span)?,
            span::TRACE_ID => {
                row.trace_id = r.bytes()?;
                row.trace_id_at = r.at() - row.trace_id.len();
            }
            span::SPAN_ID => row.span_id = r.bytes()?,
            span::PARENT_SPAN_ID => row.parent_span_id = r.bytes()?,
            span::TRACE_STATE => row.trace_state = text(&mut r, visitor)?,
            span::FLAGS => row.flags = r.fixed32()?,
            span::NAME => row.name = text(&mut r, visitor)?,
            span::KIND => row.kind = small_enum(r.varint()?),
            span::START_TIME => row.start_time = r.fixed64()?,
            span::END_TIME => row.end_time = r.fixed64()?,
            span::EVENTS => walk_span_event(&mut r, visitor)?,
            span::LINKS => walk_span_link(&mut r, visitor)?,
            span::STATUS if row.status.is_some() => return Err(r.violation(What::Twice)),
            span::STATUS => row.status = Some(walk_status(&mut r, visitor)?),
            span::DROPPED_ATTRIBUTES => row.dropped_attributes = r.varint()? as u32,
            span::DROPPED_EVENTS => row.dropped_events = r.varint()? as u32,
            span::DROPPED_LINKS => row.dropped_links = r.varint()? as u32,
            _ => r.skip(tag, span::KNOWN)?,
        }
    }
    Ok(row)
}

fn walk_status<V: Visit>(r: &mut Reader<'_>, visitor: &mut V) -> Read<Status> {
    let mut r = r.message(Message::Status)?;
    let mut status = Status::default();
    while let Some(tag) = r.tag()? {
        match tag {
            status::MESSAGE => status.message = text(&mut r, visitor)?,
            status::CODE => status.code = small_enum(r.varint()?),
            _ => r.skip(tag, status::KNOWN)?,
        }
    }
    Ok(status)
}

fn walk_span_event<V: Visit>(r: &mut Reader<'_>, visitor: &mut V) -> Read<()> {
    let mut r = r.message(Message::SpanEvent)?;
    let mut event = SpanEvent::default();
    while let Some(tag) = r.tag()? {
        match tag {
            span_event::TIME => event.time = r.fixed64()?,
            span_event::NAME => event.name = text(&mut r, visitor)?,
            span_event::ATTRIBUTES => walk_attribute(&mut r, visitor, Owner::SpanEvent)?,
            span_event::DROPPED_ATTRIBUTES => event.dropped_attributes = r.varint()? as u32,
            _ => r.skip(tag, span_event::KNOWN)?,
        }
    }
    visitor.span_event(event);
    Ok(())
}

fn walk_span_link<V: Visit>(r: &mut Reader<'_>, visitor: &mut V) -> Read<()> {
    let mut r = r.message(Message::SpanLink)?;
    let mut link = SpanLink::default();
    while let Some(tag) = r.tag()? {
        match tag {
            span_link::TRACE_ID => link.trace_id = r.bytes()?,
            span_link::SPAN_ID => link.span_id = r.bytes()?,
            span_link::TRACE_STATE => link.trace_state = text(&mut r, visitor)?,
            span_link::ATTRIBUTES => walk_attribute(&mut r, visitor, Owner::SpanLink)?,
            span_link::DROPPED_ATTRIBUTES => link.dropped_attributes = r.varint()? as u32,
            span_link::FLAGS => link.flags = r.fixed32()?,
            _ => r.skip(tag, span_link::KNOWN)?,
        }
    }
    visitor.span_link(link);
    Ok(())
}

pub(super) fn walk_event<'a, V: Visit>(mut r: Reader<'a>, visitor: &mut V) -> Read<Event<'a>> {
    let mut row = Event::default();
    while let Some(tag) = r.tag()? {
        match tag {
            log_record::TIME => row.time = r.fixed64()?,
            log_record::OBSERVED_TIME => row.observed_time = r.fixed64()?,
            log_record::SEVERITY_NUMBER => row.severity_number = r.varint()? as u32,
            log_record::SEVERITY_TEXT => row.severity_text = text(&mut r, visitor)?,
            log_record::EVENT_NAME => row.name = text(&mut r, visitor)?,
            log_record::BODY if row.body.is_some() => return Err(r.violation(What::Twice)),
            log_record::BODY => row.body = Some(walk_value(&mut r, visitor, 0)?),
            log_record::ATTRIBUTES => walk_attribute(&mut r, visitor, Owner::Event)?,
            log_record::TRACE_ID => {
                row.trace_id = r.bytes()?;
                row.trace_id_at = r.at() - row.trace_id.len();
            }
            log_record::SPAN_ID => row.span_id = r.bytes()?,
            log_record::FLAGS => row.flags = r.fixed32()?,
            log_record::DROPPED_ATTRIBUTES => row.dropped_attributes = r.varint()? as u32,
            _ => r.skip(tag, log_record::KNOWN)?,
        }
    }
    Ok(row)
}

/// One field of `ScopeSpans` or `ScopeLogs` that is not a row.
pub(super) fn walk_scope_field<V: Visit>(r: &mut Reader<'_>, tag: u32, visitor: &mut V, row: &mut Scope) -> Read<()> {
    match tag {
        scope_rows::SCHEMA_URL => row.schema_url = text(r, visitor)?,
        scope_rows::SCOPE if row.is_seen => return Err(r.violation(What::Twice)),
        scope_rows::SCOPE => {
            row.is_seen = true;
            let mut r = r.message(Message::Scope)?;
            while let Some(tag) = r.tag()? {
                match tag {
                    scope::NAME => row.name = text(&mut r, visitor)?,
                    scope::VERSION => row.version = text(&mut r, visitor)?,
                    scope::ATTRIBUTES => walk_attribute(&mut r, visitor, Owner::Scope)?,
                    scope::DROPPED_ATTRIBUTES => row.dropped_attributes = r.varint()? as u32,
                    _ => r.skip(tag, scope::KNOWN)?,
                }
            }
        }
        _ => r.skip(tag, scope_rows::KNOWN)?,
    }
    Ok(())
}

/// One field of `ResourceSpans` or `ResourceLogs` that is not a scope.
pub(super) fn walk_resource_field<V: Visit>(
    r: &mut Reader<'_>,
    tag: u32,
    visitor: &mut V,
    row: &mut Resource,
) -> Read<()> {
    match tag {
        resource_rows::SCHEMA_URL => row.schema_url = text(r, visitor)?,
        resource_rows::RESOURCE if row.is_seen => return Err(r.violation(What::Twice)),
        resource_rows::RESOURCE => {
            row.is_seen = true;
            let mut r = r.message(Message::Resource)?;
            while let Some(tag) = r.tag()? {
                match tag {
                    resource::ATTRIBUTES => walk_attribute(&mut r, visitor, Owner::Resource)?,
                    resource::DROPPED_ATTRIBUTES => row.dropped_attributes = r.varint()? as u32,
                    // Columns do not carry it; the bytes keep it.
                    resource::ENTITY_REFS => drop(r.bytes()?),
                    _ => r.skip(tag, resource::KNOWN)?,
                }
            }
        }
        _ => r.skip(tag, resource_rows::KNOWN)?,
    }
    Ok(())
}

#[inline]
fn walk_attribute<V: Visit>(r: &mut Reader<'_>, visitor: &mut V, owner: Owner) -> Read<()> {
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
fn walk_value<V: Visit>(r: &mut Reader<'_>, visitor: &mut V, depth: u32) -> Read<(u8, Words)> {
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
