//! Durations and sizes as people write them.
//!
//! Constraints: exact integers, never floating point; a bare number is refused where its unit would be a guess; nothing
//! overflows. Durations take `ms`, `s`, `m`, `h`, also together as in `1m30s`. Sizes take `B`, the decimal `KB`, `MB`,
//! `GB`, `TB` (powers of 1,000) and the binary `KiB`, `MiB`, `GiB`, `TiB` (powers of 1,024). Fractions are fine as long
//! as they come out whole: `1.5s`, `0.5MiB`.

use std::time::Duration;

/// Duration units with their nanoseconds, longest first: the order in which they may follow each other.
const DURATIONS: [(&str, u128); 4] =
    [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000)];

const SIZES: [(&str, u128); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Why a quantity was refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnitError {
    /// What was found, a lowercase fragment.
    pub(super) message: String,
    /// What may have been meant.
    pub(super) help: Option<String>,
}

fn unit_error(message: impl Into<String>, help: Option<String>) -> UnitError {
    UnitError { message: message.into(), help }
}

/// Reads `500ms`, `10s`, `1m30s`, `1.5h`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let mut rest = text;
    let mut nanos: u128 = 0;
    let mut units = DURATIONS.as_slice();
    if rest.is_empty() {
        return Err(unit_error("the duration is empty", Some("write for example \"10s\"".into())));
    }
    while !rest.is_empty() {
        let quantity = Quantity::split(rest)?;
        if quantity.unit.is_empty() {
            let help = format!("did you mean \"{text}s\" or \"{text}ms\"?");
            return Err(unit_error("the duration has no unit", Some(help)));
        }
        let Some(at) = units.iter().position(|(unit, _)| *unit == quantity.unit) else {
            let message = match DURATIONS.iter().any(|(unit, _)| *unit == quantity.unit) {
                true => format!("the unit `{}` stands twice or after a smaller one", bounded(quantity.unit)),
                false => format!("unknown unit `{}`", bounded(quantity.unit)),
            };
            return Err(unit_error(message, duration_hint(&quantity)));
        };
        let part = quantity
            .times(units[at].1)
            .ok_or_else(|| unit_error("the duration is finer than 1 ns or too long", None))?;
        nanos = nanos.checked_add(part).ok_or_else(|| unit_error("the duration is too long", None))?;
        units = &units[at + 1..];
        rest = quantity.rest;
    }
    let secs = u64::try_from(nanos / 1_000_000_000).map_err(|_| unit_error("the duration is too long", None))?;
    Ok(Duration::new(secs, (nanos % 1_000_000_000) as u32))
}

fn duration_hint(quantity: &Quantity<'_>) -> Option<String> {
    let unit = match quantity.unit.to_ascii_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hour" | "hours" | "hr" | "hrs" => "h",
        "msec" | "millis" | "millisecond" | "milliseconds" => "ms",
        "d" | "day" | "days" => return Some("write days as hours: \"24h\"".into()),
        "us" | "µs" | "ns" => return Some("the finest unit is ms; fractions are fine: \"0.5ms\"".into()),
        other => DURATIONS.iter().map(|(unit, _)| *unit).find(|unit| *unit == other)?,
    };
    Some(format!("did you mean \"{}{unit}\"?", quantity.number))
}

/// Reads `64MiB`, `1GB`, `512B`.
pub(super) fn parse_bytes(text: &str) -> Result<u64, UnitError> {
    if text.is_empty() {
        return Err(unit_error("the size is empty", Some("write for example \"64MiB\"".into())));
    }
    let quantity = Quantity::split(text)?;
    let number = quantity.number;
    if quantity.unit.is_empty() {
        let help = format!("did you mean \"{number}MiB\" or \"{number}B\"?");
        return Err(unit_error("the size has no unit", Some(help)));
    }
    if !quantity.rest.is_empty() {
        return Err(unit_error(format!("unexpected `{}` after the unit", bounded(quantity.rest)), None));
    }
    let Some((_, factor)) = SIZES.iter().find(|(unit, _)| *unit == quantity.unit) else {
        let wanted = quantity.unit.to_ascii_lowercase();
        let near = SIZES.iter().map(|(unit, _)| *unit).filter(|unit| {
            let unit = unit.to_ascii_lowercase();
            unit == wanted || unit.strip_suffix('b') == Some(&wanted) || unit.strip_suffix("ib") == Some(&wanted)
        });
        let near: Vec<_> = near.map(|unit| format!("\"{number}{unit}\"")).collect();
        let help = (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")));
        return Err(unit_error(format!("unknown unit `{}`", bounded(quantity.unit)), help));
    };
    let bytes =
        quantity.times(*factor).ok_or_else(|| unit_error("the size is no whole number of bytes or too large", None))?;
    u64::try_from(bytes).map_err(|_| unit_error("the size is too large", None))
}

/// A decimal number as written, its unit, and what follows.
struct Quantity<'t> {
    number: &'t str,
    digits: u128,
    decimals: u32,
    unit: &'t str,
    rest: &'t str,
}

impl<'t> Quantity<'t> {
    fn split(text: &'t str) -> Result<Self, UnitError> {
        if text.starts_with(['-', '+']) {
            return Err(unit_error("the number has a sign", None));
        }
        let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
        if number.is_empty() {
            return Err(unit_error(format!("expected a number before `{}`", bounded(text)), None));
        }
        let (unit, rest) = rest.split_at(rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()));
        if unit.is_empty() && !rest.is_empty() {
            let help = rest.starts_with(char::is_whitespace).then(|| "write the unit right after the number".into());
            return Err(unit_error(format!("unexpected `{}` after the number", bounded(rest)), help));
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let misplaced = whole.is_empty() || fraction.contains('.') || (number.contains('.') && fraction.is_empty());
        let (false, Ok(digits)) = (misplaced, format!("{whole}{fraction}").parse::<u128>()) else {
            return Err(unit_error(format!("`{}` is not a number", bounded(number)), None));
        };
        Ok(Self { number, digits, decimals: u32::try_from(fraction.len()).unwrap_or(u32::MAX), unit, rest })
    }

    /// The quantity in units of one; none if that is not whole or does not fit.
    fn times(&self, factor: u128) -> Option<u128> {
        let product = self.digits.checked_mul(factor)?;
        let divisor = 10_u128.checked_pow(self.decimals)?;
        (product % divisor == 0).then(|| product / divisor)
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(24).flat_map(char::escape_debug).collect()
}

/// `90s` as `1m30s`: the shortest spelling that [`parse_duration`] reads back.
pub(super) fn show_duration(duration: Duration) -> String {
    let mut nanos = duration.as_nanos();
    let mut shown = String::new();
    for (unit, factor) in DURATIONS {
        if nanos / factor > 0 {
            shown += &format!("{}{unit}", nanos / factor);
            nanos %= factor;
        }
    }
    if shown.is_empty() { "0s".into() } else { shown }
}

/// `65536` as `64KiB`: the largest unit that leaves a whole number.
pub(super) fn show_bytes(bytes: u64) -> String {
    let mut units = SIZES.iter().filter(|(unit, _)| unit.contains('i') || *unit == "B");
    let (unit, factor) = units.rfind(|(_, factor)| bytes != 0 && u128::from(bytes) % factor == 0).unwrap_or(&SIZES[0]);
    format!("{}{unit}", u128::from(bytes) / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: Result<impl std::fmt::Debug, UnitError>) -> String {
        let error = error.expect_err("refused");
        format!("{} | {}", error.message, error.help.unwrap_or_default())
    }

    #[test]
    fn durations_are_exact() {
        let cases = [
            ("500ms", 500),
            ("10s", 10_000),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("1m30s", 90_000),
            ("1.5s", 1_500),
            ("0s", 0),
        ];
        for (text, millis) in cases {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse_duration("0.000001ms"), Ok(Duration::from_nanos(1)));
    }

    #[test]
    fn a_duration_that_could_be_misread_is_refused_with_what_was_meant() {
        assert_eq!(refused(parse_duration("10")), "the duration has no unit | did you mean \"10s\" or \"10ms\"?");
        assert_eq!(refused(parse_duration("10sec")), "unknown unit `sec` | did you mean \"10s\"?");
        assert_eq!(refused(parse_duration("3S")), "unknown unit `S` | did you mean \"3s\"?");
        assert_eq!(refused(parse_duration("2d")), "unknown unit `d` | write days as hours: \"24h\"");
        assert_eq!(
            refused(parse_duration("1s1m")),
            "the unit `m` stands twice or after a smaller one | did you mean \"1m\"?"
        );
        assert_eq!(refused(parse_duration("-1s")), "the number has a sign | ");
        assert_eq!(refused(parse_duration("")), "the duration is empty | write for example \"10s\"");
        assert_eq!(refused(parse_duration("soon")), "expected a number before `soon` | ");
        assert_eq!(refused(parse_duration("1..5s")), "`1..5` is not a number | ");
        assert_eq!(
            refused(parse_duration("10 s")),
            "unexpected ` s` after the number | write the unit right after the number"
        );
        assert_eq!(refused(parse_duration("999999999999999999h999999999999999999s")), "the duration is too long | ");
        assert_eq!(refused(parse_duration("0.0000001ms")), "the duration is finer than 1 ns or too long | ");
        assert_eq!(refused(parse_duration("NaNs")), "expected a number before `NaNs` | ");
    }

    #[test]
    fn decimal_and_binary_sizes_are_told_apart() {
        let cases = [
            ("1GB", 1_000_000_000),
            ("1GiB", 1 << 30),
            ("64MiB", 64 << 20),
            ("16KiB", 16 << 10),
            ("512B", 512),
            ("0.5KiB", 512),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn a_size_that_could_be_misread_is_refused_with_what_was_meant() {
        assert_eq!(refused(parse_bytes("64")), "the size has no unit | did you mean \"64MiB\" or \"64B\"?");
        assert_eq!(refused(parse_bytes("64mb")), "unknown unit `mb` | did you mean \"64MB\"?");
        assert_eq!(refused(parse_bytes("64M")), "unknown unit `M` | did you mean \"64MB\" or \"64MiB\"?");
        assert_eq!(refused(parse_bytes("1.5B")), "the size is no whole number of bytes or too large | ");
        assert_eq!(refused(parse_bytes("99999999999999999999TiB")), "the size is too large | ");
        assert_eq!(refused(parse_bytes("1MiB!")), "unexpected `!` after the unit | ");
    }

    #[test]
    fn what_is_shown_reads_back() {
        for millis in [0, 1, 500, 1_500, 90_000, 3_600_000, 3_661_001] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse_duration(&show_duration(duration)), Ok(duration));
        }
        for bytes in [0, 1, 1_000, 1_024, 65_536, 64 << 20, 3 << 40] {
            assert_eq!(parse_bytes(&show_bytes(bytes)), Ok(bytes));
        }
    }
}
