//! `Retry-After`: RFC 9110, section 10.2.3. Seconds, or a date.

use std::time::{Duration, SystemTime};

use super::Response;

/// How long a response asks to wait; absent if it does not say, or not legibly.
///
/// A date is taken relative to the response's own `Date`, so that a clock that is wrong here or there does no harm;
/// without one, relative to the host's clock. A date in the past is no wait at all.
pub(crate) fn delay(response: &Response) -> Option<Duration> {
    let text = response.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = response
        .header("date")
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or_else(|| SystemTime::UNIX_EPOCH + crate::clock::now());
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn asked(headers: &[(&str, &str)]) -> Option<Duration> {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        delay(&Response { status: 503, headers, ..Response::default() })
    }

    #[test]
    fn seconds_are_taken_as_they_are() {
        assert_eq!(asked(&[("Retry-After", " 120 ")]), Some(Duration::from_secs(120)));
        assert_eq!(asked(&[("retry-after", "0")]), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_response() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(asked(&[date, ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")]), Some(Duration::from_secs(30)));
        assert_eq!(asked(&[date, ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_counts_from_the_hosts_clock_if_the_response_has_none() {
        let host = testing::Host::install();
        host.set_time(Duration::from_secs(784_111_777)); // Sun, 06 Nov 1994 08:49:37 GMT
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), Some(Duration::from_secs(60)));
    }

    #[test]
    fn what_is_neither_is_ignored() {
        for text in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(asked(&[("retry-after", text)]), None, "{text}");
        }
        assert_eq!(asked(&[]), None);
    }
}
