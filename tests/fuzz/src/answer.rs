//! What a guest answers, as it was lifted: whatever it says, what is believed fits the batch and the bounds.

use std::time::Duration;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use spangate::{
    Signal,
    fuzzing::{
        answer::{self, Said, escape_line},
        component,
    },
};
use spangate_core::exporter::ExportOutcome;

const MAX_REASON_BYTES: usize = 1024;
const MAX_NAME_BYTES: usize = 256;
const ELLIPSIS: usize = '…'.len_utf8();

/// An outcome, a description and a line.
pub fn check(data: &[u8]) {
    let mut data = Unstructured::new(data);
    // There is always enough: what is missing is zero.
    let _ = check_outcome(&mut data).and_then(|()| check_description(&mut data)).and_then(|()| check_line(&mut data));
}

fn check_outcome(data: &mut Unstructured<'_>) -> Result<()> {
    let rows = data.int_in_range(1..=300)?;
    let said = Said {
        kind: data.arbitrary()?,
        rejected: data.arbitrary()?,
        rejected_rows: list(data, number)?,
        retry_rows: list(data, number)?,
        delay_ms: data.arbitrary()?,
        reason: data.arbitrary()?,
    };
    let (outcome, told) = answer::believe(said.clone(), rows);
    let is_as_said = told.is_empty();
    let (delay, reason) = match outcome {
        ExportOutcome::Accepted => return Ok(()),
        ExportOutcome::Rejected { reason } => (None, reason),
        ExportOutcome::RetryAfter { delay, reason } => (Some(delay), reason),
        ExportOutcome::Partial(partial) => {
            let (rejected, retried) = (&partial.rejected_rows, &partial.retry_rows);
            let most = partial.rejected as usize + retried.len();
            assert!(most <= rows as usize && rejected.len() <= partial.rejected as usize, "{partial:?}");
            for named in [rejected, retried] {
                assert!(named.windows(2).all(|pair| pair[0] < pair[1]) && named.iter().all(|row| *row < rows));
            }
            assert!(!retried.iter().any(|row| rejected.contains(row)), "{partial:?}");
            assert!(rejected.iter().all(|row| said.rejected_rows.contains(row)));
            assert!(retried.iter().all(|row| said.retry_rows.contains(row)));
            if is_as_said {
                let lengths = (said.rejected, said.rejected_rows.len(), said.retry_rows.len());
                assert_eq!((partial.rejected, rejected.len(), retried.len()), lengths);
            }
            (Some(partial.delay), partial.reason)
        }
    };
    if let Some(delay) = delay {
        assert!(delay.is_none_or(|delay| delay <= Duration::from_secs(300)));
        assert_eq!(delay.is_some(), said.delay_ms.is_some());
        assert!(!is_as_said || delay == said.delay_ms.map(|delay| Duration::from_millis(delay.into())));
    }
    assert_is_line(&reason, MAX_REASON_BYTES);
    Ok(())
}

fn check_description(data: &mut Unstructured<'_>) -> Result<()> {
    let said = component::Said {
        names: data.arbitrary()?,
        signals: list(data, |data| Ok(text(data, &["spans", "started-spans", "events"])?.to_owned()))?,
        event_names: data.arbitrary()?,
        reads: data.arbitrary()?,
        numbers: data.arbitrary()?,
    };
    let exported = list(data, |data| data.choose(&Signal::ALL).copied())?;
    let Ok(found) = component::believe(said, &exported, data.arbitrary()?) else { return Ok(()) };
    assert!(!found.name.is_empty() && !found.signals.is_empty());
    assert!(found.signals.iter().all(|signal| exported.contains(signal)));
    assert!(found.max_batch_size != Some(0) && found.max_batch_bytes != Some(0));
    let allowed = Duration::from_millis(100)..=Duration::from_secs(3600);
    assert!(found.tick_interval.is_none_or(|interval| allowed.contains(&interval)));
    assert!(found.event_names.len() <= 1024 && found.reads.len() <= 1024 && found.signals.len() <= Signal::ALL.len());
    for name in [&found.name, &found.version].into_iter().chain(&found.event_names).chain(&found.reads) {
        assert_is_line(name, MAX_NAME_BYTES);
    }
    Ok(())
}

fn check_line(data: &mut Unstructured<'_>) -> Result<()> {
    let max_bytes = data.int_in_range(0..=64)?;
    let text: String = data.arbitrary()?;
    let line = escape_line(&text, max_bytes);
    assert_is_line(&line, max_bytes);
    let is_plain = text.chars().all(|c| matches!(c, ' '..='~'));
    assert!(!is_plain || text.len() > max_bytes || line == text);
    Ok(())
}

fn assert_is_line(line: &str, max_bytes: usize) {
    assert!(line.len() <= max_bytes + ELLIPSIS, "{} bytes, {max_bytes} are allowed", line.len());
    let turns = ['\u{2028}', '\u{2029}', '\u{202a}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2069}'];
    assert!(!line.contains(char::is_control) && !line.contains(turns), "{line:?}");
}

fn list<T>(data: &mut Unstructured<'_>, one: impl Fn(&mut Unstructured<'_>) -> Result<T>) -> Result<Vec<T>> {
    (0..data.int_in_range(0..=8)?).map(|_| one(data)).collect()
}

/// A number that is likely to be a row.
fn number(data: &mut Unstructured<'_>) -> Result<u32> {
    if data.ratio(7, 8)? { data.int_in_range(0..=12) } else { data.arbitrary() }
}

fn text<'a>(data: &mut Unstructured<'a>, known: &[&'a str]) -> Result<&'a str> {
    if data.ratio(7, 8)? { data.choose(known).copied() } else { data.arbitrary() }
}
