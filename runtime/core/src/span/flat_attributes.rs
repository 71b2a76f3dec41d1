//! Attributes of events and links: one flat list for all of a span's, each owner's behind those of the one before.

use super::attribute_set::ATTRIBUTE_ROW_BYTES;
use crate::{attribute::KeyValue, limits::SpanLimits};

/// Adds an attribute to the owner whose attributes begin at `first`; returns whether it had to be left out.
pub(super) fn push_flat(
    list: &mut Vec<KeyValue>,
    first: usize,
    attribute: KeyValue,
    max_count: u32,
    limits: &SpanLimits,
    bytes: &mut usize,
) -> bool {
    list.push(attribute);
    let Some((new, own)) = list.get_mut(first..).and_then(<[KeyValue]>::split_last_mut) else { return true };
    let size = fit(new, limits, *bytes);
    let is_replaced = size.is_some() && replace(own, new);
    let is_left_out = !is_replaced && (size.is_none() || own.len() >= max_count as usize);
    if is_replaced || is_left_out {
        list.pop();
    }
    *bytes += size.filter(|_| !is_left_out).unwrap_or_default();
    is_left_out
}

/// Gives the new value to the attribute of the same key, if there is one.
fn replace(earlier: &mut [KeyValue], new: &mut KeyValue) -> bool {
    let Some(same) = earlier.iter_mut().find(|earlier| earlier.key == new.key) else { return false };
    same.value = std::mem::take(&mut new.value);
    true
}

/// Cuts an attribute to the limits; returns its estimated size. None if it cannot be recorded.
#[inline]
fn fit(attribute: &mut KeyValue, limits: &SpanLimits, bytes: usize) -> Option<usize> {
    limits.cut_name(&mut attribute.key);
    let size = ATTRIBUTE_ROW_BYTES + attribute.key.len() + limits.cut_value(&mut attribute.value)?;
    (!attribute.key.is_empty() && bytes + size <= limits.span_bytes).then_some(size)
}
