//! What a guest answered, bounded: nothing in it is trusted.

use std::time::Duration;

use spangate_core::exporter::{ExportOutcome, Partial};

use super::v0_1::{exporter::lifecycle, imports::batch};
use crate::text::escape_line;

/// The longest delay a guest may ask for.
const MAX_DELAY: Duration = Duration::from_secs(300);
/// Bytes of a reason that are kept.
const MAX_REASON_BYTES: usize = 1024;
/// Bytes kept of a name, a version or an event name.
const MAX_NAME_BYTES: usize = 256;
/// Entries kept of a list of names.
const MAX_NAMES: usize = 1024;

/// The guest's outcome for a batch of `rows` rows: rows in range, ascending and unique, counts and delays clamped, text
/// bounded and escaped. A row that is named both as rejected and for retry is rejected.
pub(crate) fn bound_outcome(outcome: batch::Outcome, rows: u32) -> ExportOutcome {
    match outcome {
        batch::Outcome::Accepted => ExportOutcome::Accepted,
        batch::Outcome::Partial(partial) => ExportOutcome::Partial(bound_partial(partial, rows)),
        batch::Outcome::RetryAfter(retry) => {
            ExportOutcome::RetryAfter { delay: bound_delay(retry.delay_ms), reason: bound_reason(&retry.reason) }
        }
        batch::Outcome::Rejected(reason) => ExportOutcome::Rejected { reason: bound_reason(&reason) },
    }
}

/// What [`bound_outcome`] puts right in an outcome for a batch of `rows` rows, in words.
pub(crate) fn corrections(outcome: &batch::Outcome, rows: u32) -> impl Iterator<Item = String> {
    let (delay, reason, partial) = match outcome {
        batch::Outcome::Accepted => (None, "", None),
        batch::Outcome::Partial(partial) => (partial.delay_ms, partial.reason.as_str(), Some(partial)),
        batch::Outcome::RetryAfter(retry) => (retry.delay_ms, retry.reason.as_str(), None),
        batch::Outcome::Rejected(reason) => (None, reason.as_str(), None),
    };
    let most = MAX_DELAY.as_millis();
    let delay = delay.filter(|delay| u128::from(*delay) > most);
    let delay = delay.map(|delay| format!("`delay-ms` is {delay}; at most {most} are waited"));
    let bytes = (reason.len() > MAX_REASON_BYTES)
        .then(|| format!("`reason` has {} bytes; {MAX_REASON_BYTES} are kept", reason.len()));
    delay.into_iter().chain(bytes).chain(partial.and_then(|partial| rows_put_right(partial, rows)))
}

fn rows_put_right(partial: &batch::Partial, rows: u32) -> Option<String> {
    let (rejected_rows, retry_rows) = (&partial.rejected_rows, &partial.retry_rows);
    let both: Vec<u32> = rejected_rows.iter().chain(retry_rows).copied().collect();
    if let Some(row) = both.iter().find(|row| **row >= rows) {
        return Some(format!("`partial` names the row {row} of a batch of {rows} rows, which are numbered from 0"));
    }
    if bound_rows(both.clone(), rows).len() < both.len() {
        return Some("`partial` names a row more than once in `rejected-rows` and `retry-rows`".to_owned());
    }
    let (rejected, named, retried) = (partial.rejected, count(rejected_rows), count(retry_rows));
    if rejected < named {
        return Some(format!("`partial` says that {rejected} rows were rejected and names {named}"));
    }
    let sum = u64::from(rejected) + u64::from(retried);
    (sum > u64::from(rows)).then(|| {
        format!("`partial` says that {rejected} rows were rejected and {retried} are to be sent again, of {rows}")
    })
}

fn bound_partial(partial: batch::Partial, rows: u32) -> Partial {
    let rejected_rows = bound_rows(partial.rejected_rows, rows);
    let mut retry_rows = bound_rows(partial.retry_rows, rows);
    retry_rows.retain(|row| rejected_rows.binary_search(row).is_err());
    let named = count(&rejected_rows);
    let most = rows.saturating_sub(count(&retry_rows));
    Partial {
        rejected: partial.rejected.min(most).max(named),
        rejected_rows,
        retry_rows,
        delay: bound_delay(partial.delay_ms),
        reason: bound_reason(&partial.reason),
    }
}

fn bound_rows(mut named: Vec<u32>, rows: u32) -> Vec<u32> {
    named.retain(|row| *row < rows);
    named.sort_unstable();
    named.dedup();
    named
}

fn count(rows: &[u32]) -> u32 {
    u32::try_from(rows.len()).unwrap_or(u32::MAX)
}

fn bound_delay(milliseconds: Option<u32>) -> Option<Duration> {
    milliseconds.map(|delay| Duration::from_millis(u64::from(delay)).min(MAX_DELAY))
}

fn bound_reason(reason: &str) -> String {
    escape_line(reason, MAX_REASON_BYTES)
}

/// The guest's description with every text bounded and escaped and every list cut at 1,024 entries.
pub(crate) fn bound_description(description: lifecycle::Description) -> lifecycle::Description {
    let bound_name = |name: String| escape_line(&name, MAX_NAME_BYTES);
    let bound_names = |names: Vec<String>| names.into_iter().take(MAX_NAMES).map(bound_name).collect();
    lifecycle::Description {
        name: bound_name(description.name),
        version: bound_name(description.version),
        signals: bound_names(description.signals),
        event_names: bound_names(description.event_names),
        reads: bound_names(description.reads),
        ..description
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn partial(rejected: u32, rejected_rows: &[u32], retry_rows: &[u32]) -> batch::Partial {
        let (rejected_rows, retry_rows) = (rejected_rows.to_vec(), retry_rows.to_vec());
        batch::Partial { rejected, rejected_rows, retry_rows, delay_ms: None, reason: String::new() }
    }

    #[test]
    fn rows_out_of_range_or_named_twice_are_dropped() {
        let bound = bound_partial(partial(0, &[3, 1, 1, 4], &[9, 0, 1]), 4);
        assert_eq!(bound.rejected_rows, [1, 3]);
        assert_eq!(bound.retry_rows, [0]);
        assert_eq!(bound.rejected, 2);
    }

    #[test]
    fn a_count_without_rows_is_clamped_to_the_batch() {
        assert_eq!(bound_partial(partial(u32::MAX, &[], &[0, 1]), 5).rejected, 3);
    }

    #[test]
    fn what_is_put_right_is_told_and_what_is_right_is_not() {
        let told = |outcome| corrections(&outcome, 4).collect::<Vec<_>>();
        for (partial, part) in [
            (partial(1, &[4], &[]), "the row 4 of a batch of 4 rows"),
            (partial(2, &[1, 1], &[]), "more than once"),
            (partial(1, &[1], &[1]), "more than once"),
            (partial(0, &[1], &[]), "0 rows were rejected and names 1"),
            (partial(3, &[], &[0, 1]), "3 rows were rejected and 2 are to be sent again, of 4"),
        ] {
            let told = told(batch::Outcome::Partial(partial));
            assert!(told.len() == 1 && told[0].contains(part), "{told:?}");
        }
        let retry = batch::Retry { delay_ms: Some(u32::MAX), reason: "x".repeat(2_000) };
        assert_eq!(told(batch::Outcome::RetryAfter(retry)).len(), 2);
        for right in [
            batch::Outcome::Accepted,
            batch::Outcome::Partial(partial(2, &[3], &[0, 1])),
            batch::Outcome::RetryAfter(batch::Retry { delay_ms: Some(300_000), reason: String::new() }),
            batch::Outcome::Rejected("no".into()),
        ] {
            assert_eq!(told(right), Vec::<String>::new());
        }
    }

    #[test]
    fn a_delay_of_weeks_becomes_five_minutes() {
        let retry = batch::Retry { delay_ms: Some(u32::MAX), reason: "a\nb".into() };
        let ExportOutcome::RetryAfter { delay, reason } = bound_outcome(batch::Outcome::RetryAfter(retry), 1) else {
            panic!("another outcome");
        };
        assert_eq!(delay, Some(MAX_DELAY));
        assert_eq!(reason, "a\\nb");
    }

    proptest! {
        #[test]
        fn whatever_a_guest_says_the_rows_of_a_partial_fit_the_batch(
            rejected: u32, rejected_rows: Vec<u32>, retry_rows: Vec<u32>, rows in 1..100_u32,
        ) {
            let bound = bound_partial(partial(rejected, &rejected_rows, &retry_rows), rows);
            prop_assert!(bound.rejected >= count(&bound.rejected_rows));
            prop_assert!(bound.rejected + count(&bound.retry_rows) <= rows);
            prop_assert!(bound.rejected_rows.is_sorted_by(|a, b| a < b));
            prop_assert!(bound.retry_rows.is_sorted_by(|a, b| a < b));
            prop_assert!(bound.retry_rows.iter().all(|row| !bound.rejected_rows.contains(row)));
        }
    }
}
