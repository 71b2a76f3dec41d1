use std::time::Duration;

use proptest::prelude::*;

use super::super::units::{parse_bytes, parse_duration, show_bytes, show_duration};

const DURATIONS: [(&str, u128); 4] =
    [("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];
const SIZES: [(&str, u128); 5] = [("B", 1), ("KB", 1_000), ("GB", 1_000_000_000), ("KiB", 1_024), ("TiB", 1 << 40)];

/// Whole and fraction times a factor, added up apart; none if it does not come out whole.
fn exactly(whole: u64, fraction: &str, factor: u128) -> Option<u128> {
    let mut sum = u128::from(whole) * factor;
    let mut place = factor;
    for (at, digit) in fraction.bytes().enumerate() {
        let rest_is_zero = fraction.bytes().skip(at).all(|digit| digit == b'0');
        if rest_is_zero {
            break;
        }
        if !place.is_multiple_of(10) {
            // What is left of the factor times what is left of the digits.
            let digits: u128 = fraction[at..].parse().ok()?;
            let divisor = 10_u128.pow(u32::try_from(fraction.len() - at).ok()?);
            return (digits * place).is_multiple_of(divisor).then(|| sum + digits * place / divisor);
        }
        place /= 10;
        sum += u128::from(digit - b'0') * place;
    }
    Some(sum)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_duration_that_is_shown_reads_back(millis in prop_oneof![0..100_000_u64, any::<u64>()]) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(parse_duration(&show_duration(duration)), Ok(duration));
    }

    #[test]
    fn every_size_that_is_shown_reads_back(bytes in prop_oneof![0..100_000_u64, any::<u64>(), (0..64_u32).prop_map(|bit| 1 << bit)]) {
        prop_assert_eq!(parse_bytes(&show_bytes(bytes)), Ok(bytes));
    }

    #[test]
    fn a_duration_is_exact_or_refused(whole: u64, fraction in "[0-9]{0,9}", unit in prop::sample::select(&DURATIONS[..])) {
        let point = if fraction.is_empty() { "" } else { "." };
        let nanos = exactly(whole, &fraction, unit.1).filter(|nanos| nanos / 1_000_000_000 <= u128::from(u64::MAX));
        let read = parse_duration(&format!("{whole}{point}{fraction}{}", unit.0));
        prop_assert_eq!(read.ok().map(|duration| duration.as_nanos()), nanos);
    }

    #[test]
    fn a_size_is_exact_or_refused(whole: u64, fraction in "[0-9]{0,12}", unit in prop::sample::select(&SIZES[..])) {
        let point = if fraction.is_empty() { "" } else { "." };
        let bytes = exactly(whole, &fraction, unit.1).and_then(|bytes| u64::try_from(bytes).ok());
        prop_assert_eq!(parse_bytes(&format!("{whole}{point}{fraction}{}", unit.0)).ok(), bytes);
    }

    #[test]
    fn any_text_gets_an_answer_of_one_bounded_line(text in "[0-9.hmsKiGB+ é\n-]{0,60}") {
        for error in [parse_duration(&text).err(), parse_bytes(&text).err()].into_iter().flatten() {
            prop_assert!(error.message.len() < 400 && !error.message.contains('\n'), "{}", error.message);
        }
    }
}
