//! The one walk over OTLP's messages. A visitor that only counts makes it the scan; a visitor that writes columns makes
//! it the decoder: so the two cannot disagree.
//!
//! What protobuf would merge (a singular message that occurs twice) is refused; of a repeated singular scalar the last
//! one counts, as protobuf says. Recursion is bounded by the visitor's `max_depth`.

use super::{
    fields::{log_record, resource, resource_rows, scope, scope_rows, span, span_event, span_link, status},
    visit::{Event, Resource, Scope, Span, SpanEvent, SpanLink, Status, Visit},
    walk_attribute::{text, walk_attribute, walk_value},
    wire::{Message, Read, Reader, What},
};
use crate::columns::Owner;

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
