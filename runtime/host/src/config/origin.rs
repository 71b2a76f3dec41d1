//! Origins of pages in browsers (RFC 6454), as a configuration allows them.

/// Which pages may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `"*"`: every page there is.
    Any,
    /// `"https://shop.example"`, as browsers write it.
    Exact(String),
    /// `"https://*.shop.example"`: every name below the domain, not the domain itself.
    Below {
        /// `https://`
        scheme: String,
        /// `.shop.example`, with the port if it has one.
        domain: String,
    },
}

/// What is wrong with an origin, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginError {
    /// What is wrong.
    pub message: &'static str,
    /// What is probably meant.
    pub help: Option<String>,
}

impl AllowedOrigin {
    /// Checks an origin. It has to be written as browsers write it, or it would never match.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let wrong = |message| OriginError { message, help: None };
        match text {
            "*" => return Ok(Self::Any),
            "null" => return Err(wrong("every page can have the origin `null` if it wants to")),
            _ => {}
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            let help = (!text.is_empty()).then(|| format!("did you mean \"https://{}\"?", text.escape_debug()));
            return Err(OriginError { message: "an origin begins with a scheme", help });
        };
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let help = Some(format!("did you mean \"{}\"?", text.to_ascii_lowercase().escape_debug()));
            return Err(OriginError { message: "browsers write origins in lower case", help });
        }
        if let Some(at) = rest.find(['/', '?', '#']) {
            let help = Some(format!("did you mean \"{}\"?", text[..scheme.len() + 3 + at].escape_debug()));
            return Err(OriginError { message: "an origin is scheme, host and port, and nothing behind", help });
        }
        let host = without_port(scheme, rest)?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let name = host.strip_prefix("*.").unwrap_or(host);
        if name.contains('*') {
            return Err(wrong(
                "a `*` stands for all origins, or for what is before a domain: \"https://*.shop.example\"",
            ));
        }
        let is_bracketed = name.starts_with('[') && name.ends_with(']');
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let is_address = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.' | '[' | ']');
        let is_host = if is_bracketed { name.chars().all(is_address) } else { name.chars().all(is_name) };
        if !is_scheme || !is_host || name.is_empty() || name.starts_with('.') {
            return Err(wrong("this is not an origin"));
        }
        Ok(match rest.strip_prefix('*') {
            Some(domain) => Self::Below { scheme: format!("{scheme}://"), domain: domain.to_owned() },
            None => Self::Exact(text.to_owned()),
        })
    }
}

/// The host, after a look at the port: browsers leave the usual one out.
fn without_port<'a>(scheme: &str, rest: &'a str) -> Result<&'a str, OriginError> {
    let after_host = rest.rfind(']').map_or(0, |at| at + 1);
    let Some(at) = rest[after_host..].find(':').map(|at| after_host + at) else { return Ok(rest) };
    let (host, port) = (&rest[..at], &rest[at + 1..]);
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    if !is_number || port.starts_with('0') {
        return Err(OriginError { message: "the port is not a number from 1 to 65535", help: None });
    }
    if matches!((scheme, port), ("https", "443") | ("http", "80")) {
        let help = Some(format!("did you mean \"{scheme}://{}\"?", host.escape_debug()));
        return Err(OriginError { message: "browsers leave the usual port out", help });
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        let exact = ["https://shop.example", "http://localhost:3000", "https://[::1]:8443", "capacitor://localhost"];
        for origin in exact {
            assert_eq!(AllowedOrigin::parse(origin), Ok(AllowedOrigin::Exact(origin.to_owned())));
        }
        assert_eq!(AllowedOrigin::parse("*"), Ok(AllowedOrigin::Any));
        let below = AllowedOrigin::Below { scheme: "https://".to_owned(), domain: ".shop.example:8443".to_owned() };
        assert_eq!(AllowedOrigin::parse("https://*.shop.example:8443"), Ok(below));
    }

    #[test]
    fn what_would_never_match_or_always_is_refused() {
        let help = |text: &str| AllowedOrigin::parse(text).expect_err(text).help.unwrap_or_default();
        assert_eq!(help("shop.example"), "did you mean \"https://shop.example\"?");
        assert_eq!(help("https://shop.example/"), "did you mean \"https://shop.example\"?");
        assert_eq!(help("https://Shop.example"), "did you mean \"https://shop.example\"?");
        assert_eq!(help("https://shop.example:443"), "did you mean \"https://shop.example\"?");
        for wrong in [
            "",
            "null",
            "https://",
            "https://*",
            "https://*.",
            "https://*shop.example",
            "https://a.*.example",
            "*://a",
            "https://shop.example:",
            "https://shop.example:x",
            "https://shop.example:99999",
            "https://me@shop.example",
            "https://.example",
            "https://a b",
            "**",
            "://x",
            "https://shöp.example",
        ] {
            assert!(AllowedOrigin::parse(wrong).is_err(), "{wrong}");
        }
    }
}
