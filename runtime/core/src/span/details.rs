//! Events and links of a span.

use super::{attribute_set::clear_and_keep, flat_attributes::push_flat};
use crate::{
    attribute::{Key, KeyValue},
    context::SpanContext,
    limits::SpanLimits,
};

/// Something that happened during a span.
#[derive(Debug)]
pub struct SpanEvent {
    /// Nanoseconds since the Unix epoch.
    pub unix_nanos: u64,
    /// What happened.
    pub name: Key,
    /// Attributes left out.
    pub dropped_attributes: u32,
    attribute_end: usize,
}

/// A span that this one has to do with, other than its parent.
#[derive(Debug)]
pub struct SpanLink {
    /// The other span.
    pub context: SpanContext,
    /// Attributes left out.
    pub dropped_attributes: u32,
    attribute_end: usize,
}

macro_rules! details {
    ($(#[$meta:meta])* $List:ident of $Item:ident) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub struct $List {
            items: Vec<$Item>,
            attributes: Vec<KeyValue>,
            dropped: u32,
        }

        impl $List {
            /// Every item with its attributes.
            pub fn iter(&self) -> impl Iterator<Item = (&$Item, &[KeyValue])> {
                let mut first = 0;
                self.items.iter().map(move |item| {
                    let own = self.attributes.get(first..item.attribute_end).unwrap_or_default();
                    first = item.attribute_end;
                    (item, own)
                })
            }

            /// Number of items.
            pub fn len(&self) -> usize {
                self.items.len()
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.items.is_empty()
            }

            /// Items left out because of the limits.
            pub fn dropped(&self) -> u32 {
                self.dropped
            }

            /// Counts items that were left out before they came here.
            pub(crate) fn add_dropped(&mut self, count: u32) {
                self.dropped = self.dropped.saturating_add(count);
            }

            /// Counts attributes of the last item that were left out before it came here.
            pub(crate) fn add_dropped_attributes(&mut self, count: u32) {
                if let Some(last) = self.items.last_mut() {
                    last.dropped_attributes = last.dropped_attributes.saturating_add(count);
                }
            }

            /// Whether there is anything to forget.
            #[inline]
            pub(crate) fn is_used(&self) -> bool {
                self.dropped != 0 || !self.items.is_empty()
            }

            /// Forgets everything and keeps a reasonable amount of memory.
            pub(crate) fn reset(&mut self) {
                clear_and_keep(&mut self.items, 32);
                clear_and_keep(&mut self.attributes, 128);
                self.dropped = 0;
            }

            /// Adds an item of this size if the limits allow it; `complete` makes it from where its attributes end and
            /// how many were left out.
            fn push(
                &mut self,
                (max_count, max_attributes): (u32, u32),
                size: usize,
                attributes: impl IntoIterator<Item = KeyValue>,
                limits: &SpanLimits,
                bytes: &mut usize,
                complete: impl FnOnce(usize, u32) -> $Item,
            ) {
                if self.items.len() >= max_count as usize || *bytes + size > limits.span_bytes {
                    self.dropped = self.dropped.saturating_add(1);
                    return;
                }
                *bytes += size;
                let first = self.items.last().map_or(0, |item| item.attribute_end);
                // What an iterator left behind that panicked belongs to nobody.
                self.attributes.truncate(first);
                let mut dropped = 0u32;
                for attribute in attributes {
                    let is_left_out = push_flat(&mut self.attributes, first, attribute, max_attributes, limits, bytes);
                    dropped = dropped.saturating_add(u32::from(is_left_out));
                }
                self.items.push(complete(self.attributes.len(), dropped));
            }
        }
    };
}

details! {
    /// The events of a span, in the order they were added.
    SpanEvents of SpanEvent
}

details! {
    /// The links of a span, in the order they were added.
    SpanLinks of SpanLink
}

impl SpanEvents {
    pub(crate) fn add(
        &mut self,
        unix_nanos: u64,
        mut name: Key,
        attributes: impl IntoIterator<Item = KeyValue>,
        limits: &SpanLimits,
        bytes: &mut usize,
    ) {
        /// Time, name, dropped attributes and prefix sum.
        const ROW_BYTES: usize = 8 + 8 + 4 + 4;
        limits.cut_name(&mut name);
        let counts = (limits.event_count, limits.attribute_count_per_event);
        let size = ROW_BYTES + name.len();
        self.push(counts, size, attributes, limits, bytes, |attribute_end, dropped_attributes| SpanEvent {
            unix_nanos,
            name,
            dropped_attributes,
            attribute_end,
        });
    }
}

impl SpanLinks {
    pub(crate) fn add(
        &mut self,
        context: SpanContext,
        attributes: impl IntoIterator<Item = KeyValue>,
        limits: &SpanLimits,
        bytes: &mut usize,
    ) {
        /// Ids, trace state, flags, dropped attributes and prefix sum.
        const ROW_BYTES: usize = 16 + 8 + 8 + 4 + 4 + 4;
        let counts = (limits.link_count, limits.attribute_count_per_link);
        let size = ROW_BYTES + context.trace_state.as_str().len();
        self.push(counts, size, attributes, limits, bytes, |attribute_end, dropped_attributes| SpanLink {
            context,
            dropped_attributes,
            attribute_end,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_own_attributes_and_what_is_beyond_the_limits_is_counted() {
        let limits = SpanLimits { event_count: 3, attribute_count_per_event: 2, ..SpanLimits::default() };
        let (mut events, mut bytes) = (SpanEvents::default(), 0);
        let attribute = |key: &'static str| KeyValue::new(key, key);
        events.add(
            1,
            "one".into(),
            [attribute("a"), attribute("b"), attribute("c"), attribute("a")],
            &limits,
            &mut bytes,
        );
        events.add(2, "two".into(), [], &limits, &mut bytes);
        events.add(3, "three".into(), [attribute("a")], &limits, &mut bytes);
        events.add(4, "four".into(), [attribute("a")], &limits, &mut bytes);
        let seen: Vec<_> =
            events.iter().map(|(event, own)| (event.unix_nanos, own.len(), event.dropped_attributes)).collect();
        assert_eq!(seen, [(1, 2, 1), (2, 0, 0), (3, 1, 0)]);
        assert_eq!(events.dropped(), 1);
        events.reset();
        assert!(events.is_empty() && events.dropped() == 0);
    }

    #[test]
    fn attributes_whose_source_panics_belong_to_no_later_event() {
        let (mut events, mut bytes) = (SpanEvents::default(), 0);
        let attributes = [1, 2].into_iter().map(|number| match number {
            1 => KeyValue::new("secret", "x"),
            _ => panic!("no more"),
        });
        let add = || events.add(1, "one".into(), attributes, &SpanLimits::default(), &mut bytes);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(add)).is_err());
        events.add(2, "two".into(), [KeyValue::new("a", 1)], &SpanLimits::default(), &mut bytes);
        let keys: Vec<_> = events.iter().flat_map(|(_, own)| own.iter().map(|own| own.key.to_string())).collect();
        assert_eq!(keys, ["a"]);
    }

    #[test]
    fn a_span_without_room_takes_no_more_links() {
        let limits = SpanLimits { span_bytes: 50, ..SpanLimits::default() };
        let (mut links, mut bytes) = (SpanLinks::default(), 0);
        links.add(SpanContext::default(), [], &limits, &mut bytes);
        links.add(SpanContext::default(), [], &limits, &mut bytes);
        assert_eq!((links.len(), links.dropped(), bytes), (1, 1, 44));
    }
}
