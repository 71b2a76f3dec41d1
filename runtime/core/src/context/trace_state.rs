//! The `tracestate` header: a short list of entries, the newest first. Source: W3C Trace Context, section 3.3.
//!
//! Constraints: at most 32 entries; one per key; nearly always empty, so that an empty one costs no memory and copying
//! one is at most a reference count.

use std::sync::Arc;

/// Entries a list may have.
const MAX_ENTRIES: usize = 32;
/// Characters a key or a value may have.
const MAX_PART_LEN: usize = 256;
/// Characters that are sent at most; the specification asks for at least as many.
const MAX_HEADER_LEN: usize = 512;
/// Entries longer than this are the first to go.
const LONG_ENTRY_LEN: usize = 128;

/// What tracing systems add to a trace for themselves: `key=value` entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceState(Option<Arc<str>>);

/// A key or a value that may not stand in a trace state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEntry {
    /// The key breaks the grammar.
    #[error("invalid tracestate key: allowed are 1 to 256 of a-z 0-9 _ - * / @, beginning with a-z or 0-9")]
    Key,
    /// The value breaks the grammar.
    #[error("invalid tracestate value: allowed are 1 to 256 printable ASCII characters without comma and equals sign")]
    Value,
}

impl TraceState {
    /// Reads the values of all `tracestate` headers in their order. None if any entry is invalid or there are too many.
    /// Of entries with the same key the first counts.
    pub fn from_headers<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut entries: Vec<&str> = Vec::new();
        for value in values {
            for entry in value.split(',').map(|entry| entry.trim_matches([' ', '\t'])).filter(|entry| !entry.is_empty())
            {
                let (key, value) = entry.split_once('=')?;
                if !is_key(key) || !is_value(value) {
                    return None;
                }
                if entries.iter().any(|earlier| key_of(earlier) == key) {
                    continue;
                }
                if entries.len() == MAX_ENTRIES {
                    return None;
                }
                entries.push(entry);
            }
        }
        Some(Self::from_entries(&entries))
    }

    /// The list as the header writes it, whole.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries().filter_map(|entry| entry.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The list with this entry in front; the last entry goes if there would be more than 32.
    ///
    /// # Errors
    /// [`InvalidEntry`] if the key or the value breaks the grammar.
    pub fn with_entry(&self, key: &str, value: &str) -> Result<Self, InvalidEntry> {
        if !is_key(key) {
            return Err(InvalidEntry::Key);
        }
        if !is_value(value) {
            return Err(InvalidEntry::Value);
        }
        let entry = format!("{key}={value}");
        let others = self.entries().filter(|entry| key_of(entry) != key);
        let entries: Vec<&str> = std::iter::once(entry.as_str()).chain(others).take(MAX_ENTRIES).collect();
        Ok(Self::from_entries(&entries))
    }

    /// The header's value, at most 512 characters. To fit, whole entries go: first those above 128 characters, then
    /// others, each time the last one. None if nothing is left.
    pub fn to_header(&self) -> Option<String> {
        let mut entries: Vec<&str> = self.entries().collect();
        let mut len = self.as_str().len();
        while len > MAX_HEADER_LEN {
            let last = entries.iter().rposition(|entry| entry.len() > LONG_ENTRY_LEN).unwrap_or(entries.len() - 1);
            len = len.saturating_sub(entries.remove(last).len() + 1);
        }
        (!entries.is_empty()).then(|| entries.join(","))
    }

    fn entries(&self) -> impl Iterator<Item = &str> {
        self.as_str().split(',').filter(|entry| !entry.is_empty())
    }

    fn from_entries(entries: &[&str]) -> Self {
        Self((!entries.is_empty()).then(|| entries.join(",").into()))
    }
}

fn key_of(entry: &str) -> &str {
    entry.split_once('=').map_or(entry, |(key, _)| key)
}

fn is_key(key: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    key.len() <= MAX_PART_LEN
        && key.bytes().next().is_some_and(is_first)
        && key.bytes().all(|byte| is_first(byte) || b"_-*/@".contains(&byte))
}

fn is_value(value: &str) -> bool {
    (1..=MAX_PART_LEN).contains(&value.len())
        && !value.ends_with(' ')
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(value: &str) -> Option<String> {
        TraceState::from_headers([value]).map(|state| state.as_str().to_owned())
    }

    #[test]
    fn entries_keep_their_order_over_several_headers_and_empty_ones_are_skipped() {
        let state = TraceState::from_headers(["a=1, b=2 ,", "", ",\tt@v=x y"]).expect("valid");
        assert_eq!(state.as_str(), "a=1,b=2,t@v=x y");
        assert_eq!(state.get("b"), Some("2"));
        assert_eq!(state.get("c"), None);
        assert_eq!(read("a=1,b=2,a=3").as_deref(), Some("a=1,b=2"));
        assert_eq!(read(" , ").as_deref(), Some(""));
    }

    #[test]
    fn one_invalid_entry_spoils_the_list() {
        let long_key = format!("{}=1", "k".repeat(257));
        let long_value = format!("k={}", "v".repeat(257));
        for value in ["A=1", "a", "=1", "a=", "a=b=c", "a =1", "_a=1", "a=\u{e9}", "a=\u{7}", &long_key, &long_value] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn there_may_be_32_entries_and_no_33rd() {
        let list = |count: usize| (0..count).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        assert!(read(&list(32)).is_some());
        assert_eq!(read(&list(33)), None);
        let full = TraceState::from_headers([list(32).as_str()]).expect("valid").with_entry("new", "1").expect("valid");
        assert_eq!(full.entries().count(), 32);
        assert_eq!((full.get("k30"), full.get("k31")), (Some("v"), None));
    }

    #[test]
    fn an_own_entry_moves_to_the_front_and_replaces_the_old_one() {
        let state = TraceState::from_headers(["a=1,b=2"]).expect("valid").with_entry("b", "3").expect("valid");
        assert_eq!(state.as_str(), "b=3,a=1");
        assert_eq!(state.with_entry("B", "3"), Err(InvalidEntry::Key));
        assert_eq!(state.with_entry("b", "3,4"), Err(InvalidEntry::Value));
    }

    #[test]
    fn a_long_list_loses_its_long_entries_first_and_then_its_last_ones() {
        let long = format!("long={}", "x".repeat(200));
        let short: Vec<String> = (0..10).map(|n| format!("k{n}={}", "y".repeat(47))).collect();
        let whole = format!("{},{long},{}", short[..5].join(","), short[5..].join(","));
        let state = TraceState::from_headers([whole.as_str()]).expect("valid");
        assert_eq!(state.as_str(), whole);
        assert_eq!(state.to_header(), Some(short[..10].join(",")));
        let more = state.with_entry("z", "1").and_then(|state| state.with_entry("y", "2")).expect("valid");
        assert_eq!(more.to_header(), Some(format!("y=2,z=1,{}", short[..9].join(","))));
    }

    proptest! {
        #[test]
        fn no_text_can_make_parsing_panic_and_what_is_read_reads_again(value in "[a-z0-9=, @é\\t]{0,60}") {
            if let Some(text) = read(&value) {
                prop_assert_eq!(read(&text), Some(text));
            }
        }

        #[test]
        fn a_header_is_never_longer_than_512(lens in prop::collection::vec(1usize..250, 0..32)) {
            let list: Vec<String> = lens.iter().enumerate().map(|(n, len)| format!("k{n}={}", "v".repeat(*len))).collect();
            let state = TraceState::from_headers([list.join(",").as_str()]).expect("valid");
            let header = state.to_header().unwrap_or_default();
            prop_assert!(header.len() <= 512);
            prop_assert!(header.split(',').filter(|entry| !entry.is_empty()).all(|entry| list.iter().any(|e| e == entry)));
        }
    }
}
