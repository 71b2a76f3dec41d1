//! Readers of `traceparent` and `tracestate` that follow the text of W3C Trace Context and share nothing with ours. Used by
//! the property tests here and by the fuzz target `context`.

use spangate_core::context::{SpanContext, TraceState};

/// Checks what is made of the headers of a request.
pub(crate) fn compare(parents: &[&str], states: &[&str]) {
    let found = SpanContext::from_headers(parents.iter().copied(), states.iter().copied());
    let expected = match *parents {
        [parent] => trace_parent(parent),
        _ => None,
    };
    let entries = trace_state(states);
    assert_eq!(TraceState::from_headers(states.iter().copied()).map(|state| state.as_str().to_owned()), entries);
    let (Some(found), Some((trace_id, span_id, is_sampled))) = (&found, &expected) else {
        assert!(found.is_none() && expected.is_none(), "{found:?} {expected:?} for {parents:?}");
        return;
    };
    assert!(found.is_valid() && found.is_remote);
    assert_eq!((&found.trace_id.to_string(), &found.span_id.to_string()), (trace_id, span_id));
    assert_eq!(found.is_sampled(), *is_sampled);
    assert_eq!(found.trace_state.as_str(), entries.unwrap_or_default());
    let sent = found.to_trace_parent().expect("a valid context");
    assert_eq!(sent, format!("00-{trace_id}-{span_id}-0{}", u8::from(*is_sampled)));
    check_sent(&found.trace_state);
}

/// What is sent on fits into a header, and is some of the entries in their order.
fn check_sent(state: &TraceState) {
    let all: Vec<&str> = state.as_str().split(',').filter(|entry| !entry.is_empty()).collect();
    let header = state.to_header().unwrap_or_default();
    assert!(header.len() <= 512);
    let mut rest = all.iter();
    for entry in header.split(',').filter(|entry| !entry.is_empty()) {
        assert!(rest.any(|other| *other == entry), "{entry} is not next in {all:?}");
    }
    assert!(state.as_str().len() > 512 || header == state.as_str());
    let mine = state.with_entry("spangate", "1").expect("a valid entry");
    assert!(mine.as_str().starts_with("spangate=1") && mine.as_str().split(',').count() <= 32);
}

/// Section 3.2: ids and flag of `VERSION-TRACE_ID-PARENT_ID-FLAGS`.
fn trace_parent(value: &str) -> Option<(String, String, bool)> {
    let is_hex = |text: &str, length| {
        text.len() == length && text.chars().all(|digit| digit.is_ascii_digit() || ('a'..='f').contains(&digit))
    };
    let parts: Vec<&str> = value.split('-').collect();
    let [version, trace_id, span_id, flags, rest @ ..] = &parts[..] else { return None };
    let is_well_formed = is_hex(version, 2) && is_hex(trace_id, 32) && is_hex(span_id, 16) && is_hex(flags, 2);
    let is_of_a_version = *version != "ff" && (*version != "00" || rest.is_empty());
    let has_ids = trace_id.contains(|digit| digit != '0') && span_id.contains(|digit| digit != '0');
    if !is_well_formed || !is_of_a_version || !has_ids {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some(((*trace_id).to_owned(), (*span_id).to_owned(), flags % 2 == 1))
}

/// Section 3.3: the entries joined, of those with the same key the first; none if one is invalid.
fn trace_state(headers: &[&str]) -> Option<String> {
    let mut keys: Vec<&str> = Vec::new();
    let mut entries: Vec<&str> = Vec::new();
    for entry in headers.iter().flat_map(|header| header.split(',')) {
        let entry = entry.trim_start_matches([' ', '\t']).trim_end_matches([' ', '\t']);
        if entry.is_empty() {
            continue;
        }
        let at = entry.find('=')?;
        let (key, value) = (&entry[..at], &entry[at + 1..]);
        if !is_key(key) || !is_value(value) {
            return None;
        }
        if keys.contains(&key) {
            continue;
        }
        keys.push(key);
        entries.push(entry);
    }
    (entries.len() <= 32).then(|| entries.join(","))
}

fn is_key(key: &str) -> bool {
    let mut characters = key.chars();
    let is_begun = characters.next().is_some_and(|first| matches!(first, 'a'..='z' | '0'..='9'));
    let is_inside = |c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-' | '*' | '/' | '@');
    is_begun && characters.all(is_inside) && key.len() <= 256
}

fn is_value(value: &str) -> bool {
    let is_inside = |c| matches!(c, '\u{20}'..='\u{2b}' | '\u{2d}'..='\u{3c}' | '\u{3e}'..='\u{7e}');
    !value.is_empty() && value.len() <= 256 && value.chars().all(is_inside) && !value.ends_with('\u{20}')
}
