//! What may have been meant by a name that is not known.

use std::{collections::BTreeMap, ops::Range};

use super::{key_path::join, source::Complaint};

/// The candidate nearest to `name`, if one is near enough to be a misspelling.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name: String = name.chars().take(64).collect();
    let distance =
        |candidate: &str| strsim::damerau_levenshtein(&name.to_ascii_lowercase().replace('-', "_"), candidate);
    let scored = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    let (distance, candidate) = scored.min_by_key(|(distance, _)| *distance)?;
    let longest = name.len().max(candidate.len());
    let is_part = candidate.len() >= 4 && name.len() >= 4 && (candidate.contains(&name) || name.contains(candidate));
    (distance <= longest.div_ceil(3) || is_part).then_some(candidate)
}

/// `a, b or c`
pub(super) fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The complaint about a key that no table was asked for.
pub(super) fn unknown_key(
    (table, key, span): (String, String, Range<usize>),
    known: &BTreeMap<String, Vec<&'static str>>,
) -> Complaint {
    let here = known.get(&table).map_or([].as_slice(), Vec::as_slice);
    let mut complaint = Complaint::new(format!("unknown key `{}`", key.escape_debug()));
    complaint.path = join(&table, &key);
    complaint.span = Some(span);
    if !here.is_empty() {
        complaint.allowed = Some(here.join(", "));
    }
    let elsewhere = || {
        let homes = known.iter().filter(|(_, keys)| keys.contains(&key.as_str())).map(|(home, _)| home.as_str());
        homes.min_by_key(|home| (shared_prefix(home, &table).abs_diff(table.len()), home.len()))
    };
    complaint.help = match elsewhere() {
        Some("") => Some(format!("`{key}` belongs at the top of the file, before the first table")),
        Some(home) => Some(format!("`{key}` belongs in `[{home}]`")),
        None => nearest(&key, here.iter().copied()).map(|near| format!("did you mean `{near}`?")),
    };
    complaint
}

fn shared_prefix(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelling_finds_its_word_and_a_stranger_none() {
        let names = ["max_queue_size", "max_queue_bytes", "when_full"];
        assert_eq!(nearest("max_que_size", names), Some("max_queue_size"));
        assert_eq!(nearest("max-queue-size", names), Some("max_queue_size"));
        assert_eq!(nearest("whenful", names), Some("when_full"));
        assert_eq!(nearest("queue_size", names), Some("max_queue_size"));
        assert_eq!(nearest("compression", names), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn a_key_in_the_wrong_table_is_sent_home() {
        let known = BTreeMap::from([
            ("exporters.a".to_owned(), vec!["component"]),
            ("exporters.a.queue".to_owned(), vec!["max_queue_size"]),
            ("exporters.b.queue".to_owned(), vec!["max_queue_size"]),
        ]);
        let complaint = unknown_key(("exporters.b".into(), "max_queue_size".into(), 0..1), &known);
        assert_eq!(complaint.help.as_deref(), Some("`max_queue_size` belongs in `[exporters.b.queue]`"));
    }
}
