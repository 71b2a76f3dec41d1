//! Attributes with unique keys.

use crate::{attribute::KeyValue, limits::SpanLimits};

/// What one attribute takes in columns, without its texts: key, type and value.
pub(super) const ATTRIBUTE_ROW_BYTES: usize = 8 + 1 + 8;

/// Attributes in the order their keys were first set. Keys are unique, as OpenTelemetry's specification demands: a later
/// value replaces an earlier one.
///
/// A filter of 128 bits tells most new keys from those that are there without a search.
#[derive(Debug, Default)]
pub struct AttributeSet {
    list: Vec<KeyValue>,
    filter: [u64; 2],
    dropped: u32,
}

impl AttributeSet {
    /// The attributes.
    pub fn as_slice(&self) -> &[KeyValue] {
        &self.list
    }

    /// Attributes left out: beyond the limits, nested too deeply, or without a key.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Sets an attribute. `bytes` is what is in use of `limits.span_bytes`.
    ///
    /// The attribute is written to its place at once and looked at there: moving it about costs more than all the rest.
    #[inline(always)]
    pub(crate) fn set(&mut self, attribute: KeyValue, max_count: u32, limits: &SpanLimits, bytes: &mut usize) {
        self.list.push(attribute);
        self.admit_last(max_count, limits, bytes);
    }

    /// Lets the last attribute stay, or moves its value to the earlier one of the same key, or takes it back.
    fn admit_last(&mut self, max_count: u32, limits: &SpanLimits, bytes: &mut usize) {
        let Some((new, earlier)) = self.list.split_last_mut() else { return };
        let Some(size) = fit(new, limits, *bytes) else { return self.take_back() };
        let (word, bit) = filter_bit(&new.key);
        let is_maybe_there = self.filter[word] & bit != 0;
        if is_maybe_there && replace(earlier, new) {
            self.list.pop();
        } else if earlier.len() >= max_count as usize {
            return self.take_back();
        } else {
            self.filter[word] |= bit;
        }
        *bytes += size;
    }

    #[cold]
    fn take_back(&mut self) {
        self.list.pop();
        self.count_dropped();
    }

    pub(crate) fn count_dropped(&mut self) {
        self.add_dropped(1);
    }

    pub(crate) fn add_dropped(&mut self, count: u32) {
        self.dropped = self.dropped.saturating_add(count);
    }

    /// Forgets everything and keeps a reasonable amount of memory.
    pub(crate) fn reset(&mut self) {
        clear_and_keep(&mut self.list, 128);
        self.filter = [0; 2];
        self.dropped = 0;
    }
}

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

/// Empties a list; gives its memory back if it grew beyond what most spans need.
pub(super) fn clear_and_keep<T>(list: &mut Vec<T>, max_capacity: usize) {
    if list.capacity() > max_capacity {
        *list = Vec::new();
    } else {
        list.clear();
    }
}

/// Cuts an attribute to the limits; returns its estimated size. None if it cannot be recorded.
#[inline]
fn fit(attribute: &mut KeyValue, limits: &SpanLimits, bytes: usize) -> Option<usize> {
    limits.cut_name(&mut attribute.key);
    let size = ATTRIBUTE_ROW_BYTES + attribute.key.len() + limits.cut_value(&mut attribute.value)?;
    (!attribute.key.is_empty() && bytes + size <= limits.span_bytes).then_some(size)
}

/// Which bit of the filter a key sets. Length, last and middle byte differ in most sets of keys.
#[inline]
fn filter_bit(key: &str) -> (usize, u64) {
    let bytes = key.as_bytes();
    let last = bytes.last().copied().unwrap_or_default();
    let middle = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
    let hash = bytes.len().wrapping_mul(37) ^ usize::from(last).wrapping_mul(5) ^ usize::from(middle).wrapping_mul(11);
    (hash >> 6 & 1, 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::attribute::Value;

    #[test]
    fn attributes_beyond_a_limit_are_left_out_and_counted_but_replacing_still_works() {
        let limits = SpanLimits { span_bytes: 100, ..SpanLimits::default() };
        let (mut set, mut bytes) = (AttributeSet::default(), 0);
        set.set(KeyValue::new("a", 1i64), 2, &limits, &mut bytes);
        set.set(KeyValue::new("b", 1i64), 2, &limits, &mut bytes);
        set.set(KeyValue::new("c", 1i64), 2, &limits, &mut bytes);
        set.set(KeyValue::new("", 1i64), 9, &limits, &mut bytes);
        set.set(KeyValue::new("d", "x".repeat(100)), 9, &limits, &mut bytes);
        set.set(KeyValue::new("a", 2i64), 2, &limits, &mut bytes);
        assert_eq!(set.as_slice(), [KeyValue::new("a", 2i64), KeyValue::new("b", 1i64)]);
        assert_eq!(set.dropped(), 3);
    }

    proptest! {
        #[test]
        fn a_set_holds_the_last_value_of_every_key(writes in prop::collection::vec(("[a-c]{1,3}", any::<i64>()), 0..60)) {
            let (mut set, mut bytes) = (AttributeSet::default(), 0);
            let mut expected = HashMap::new();
            for (key, value) in writes {
                set.set(KeyValue::new(key.clone(), value), 128, &SpanLimits::default(), &mut bytes);
                expected.insert(key, value);
            }
            prop_assert_eq!(set.as_slice().len(), expected.len());
            for attribute in set.as_slice() {
                prop_assert_eq!(&attribute.value, &Value::Int(expected[&*attribute.key]));
            }
        }
    }
}
