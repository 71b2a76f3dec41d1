//! The request headers that travel with a batch.

use http::HeaderMap;
use spangate_core::batch::Metadata;

use super::failure::Failure;

/// Longest value of one header, all of its lines joined: bytes.
const MAX_VALUE_BYTES: usize = 1024;

/// Copies the headers in `names`, which are lower case; those that are absent are left out. Repeated lines are joined
/// with a comma, as RFC 9110 has it.
///
/// # Errors
/// Malformed if a value is too long or not UTF-8: a tenant's name must not vanish or change silently.
pub(super) fn copy(headers: &HeaderMap, names: &[String]) -> Result<Metadata, Failure> {
    let mut metadata = Vec::new();
    for name in names {
        let mut joined: Option<String> = None;
        for value in headers.get_all(name.as_str()) {
            let text = std::str::from_utf8(value.as_bytes())
                .map_err(|_| Failure::Malformed(format!("header {name} is not valid UTF-8")))?;
            joined = Some(joined.map_or_else(|| text.to_owned(), |joined| format!("{joined},{text}")));
        }
        let Some(value) = joined else { continue };
        if value.len() > MAX_VALUE_BYTES {
            let message = format!("header {name} has {} bytes, allowed are {MAX_VALUE_BYTES}", value.len());
            return Err(Failure::Malformed(message));
        }
        metadata.push((name.clone(), value));
    }
    Ok(metadata.into())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_configured_headers_are_copied_in_their_order() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("secret"));
        headers.append("x-tenant", HeaderValue::from_static("a"));
        headers.append("x-tenant", HeaderValue::from_static("b"));
        headers.insert("x-region", HeaderValue::from_bytes("zürich".as_bytes()).unwrap());
        let copied = copy(&headers, &names(&["x-region", "x-absent", "x-tenant"])).unwrap();
        assert_eq!(&*copied, &[("x-region".into(), "zürich".into()), ("x-tenant".into(), "a,b".into())]);
    }

    #[test]
    fn a_value_that_is_too_long_or_not_text_is_refused_by_name() {
        for value in [vec![b'x'; MAX_VALUE_BYTES + 1], vec![0xff, 0xfe]] {
            let mut headers = HeaderMap::new();
            headers.insert("x-tenant", HeaderValue::from_bytes(&value).unwrap());
            let Err(Failure::Malformed(message)) = copy(&headers, &names(&["x-tenant"])) else { panic!("copied") };
            assert!(message.contains("x-tenant"), "{message}");
        }
    }
}
