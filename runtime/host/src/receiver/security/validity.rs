//! Until when a certificate is valid: the two times of X.509, and nothing else of it.
//!
//! Source: RFC 5280, sections 4.1 and 4.1.2.5; DER as in X.690. What the certificate is good for, rustls judges.

use std::time::{Duration, SystemTime};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
}

/// Reads the validity of a certificate in DER; none if it is no certificate.
pub(super) fn validity(certificate: &[u8]) -> Option<Validity> {
    let (certificate, _) = take(certificate, SEQUENCE)?;
    let (mut fields, _) = take(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        (_, fields) = take_any(fields)?;
    }
    // serial number, signature algorithm, issuer
    for _ in 0..3 {
        (_, fields) = take_any(fields)?;
    }
    let (validity, _) = take(fields, SEQUENCE)?;
    let (not_before, validity) = take_time(validity)?;
    let (not_after, _) = take_time(validity)?;
    Some(Validity { not_before, not_after })
}

/// Content and rest, if what comes first has this tag.
fn take(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    (input.first() == Some(&tag)).then(|| take_any(input)).flatten()
}

fn take_any(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = input.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn take_time(input: &[u8]) -> Option<(SystemTime, &[u8])> {
    let tag = *input.first()?;
    let (content, rest) = take_any(input)?;
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let (century, text) = match tag {
        // Two digits: from 50 on the twentieth century.
        UTC_TIME => (if text.get(..1)? >= "5" { 1900 } else { 2000 }, text),
        GENERALIZED_TIME => (number(text.get(..2)?)? * 100, text.get(2..)?),
        _ => return None,
    };
    if text.len() != 12 {
        return None;
    }
    let [year, month, day, hour, minute, second] = [0, 2, 4, 6, 8, 10].map(|at| text.get(at..at + 2).and_then(number));
    let days = days_since_epoch(century + year?, month?, day?)?;
    let seconds = days * 86_400 + hour? * 3600 + minute? * 60 + second?;
    let since = Duration::from_secs(seconds.unsigned_abs());
    let time = match seconds < 0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(since)?,
        false => SystemTime::UNIX_EPOCH.checked_add(since)?,
    };
    Some((time, rest))
}

fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Days from 1970-01-01 to a date of the Gregorian calendar: years begin in March, so that the leap day is their last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn seconds(time: SystemTime) -> u64 {
        time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }

    #[test]
    fn the_times_of_a_certificate_are_read() {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        // The first is written with two digits for the year, the second with four.
        (params.not_before, params.not_after) = (date_time_ymd(1999, 12, 31), date_time_ymd(2052, 2, 29));
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let found = validity(certificate.der()).unwrap();
        assert_eq!((seconds(found.not_before), seconds(found.not_after)), (946_598_400, 2_592_777_600));
        for end in 0..certificate.der().len() {
            // Cut anywhere it is no certificate, and no reason to panic.
            assert_eq!(validity(&certificate.der()[..end]), None);
        }
    }

    #[test]
    fn dates_are_counted_from_1970() {
        let dates = [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2000, 3, 1), 11_017), ((1969, 12, 31), -1)];
        for ((year, month, day), days) in dates {
            assert_eq!(days_since_epoch(year, month, day), Some(days));
        }
        assert_eq!(days_since_epoch(2000, 13, 1), None);
    }
}
