//! Takes the operator's credentials out of what an allowed backend echoes, so that a guest never sees them.
//!
//! Only exact copies are found: a backend that returns a key reversed, hashed or split is beyond what can be promised.
//! Values shorter than eight bytes and headers that describe content (`accept`, `content-type`, `user-agent`) are no
//! secrets; masking them would only spoil answers.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use memchr::memmem;
use reqwest::header::{HeaderName, HeaderValue};

use crate::config::HttpProxy;

/// Shorter texts occur by chance.
const MIN_SECRET_BYTES: usize = 8;

/// What is put in place of every byte: lengths stay as they were.
const MASK: u8 = b'*';

/// The byte strings to look for, made ready once: an answer may have thousands of short headers.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<memmem::Finder<'static>>);

impl Secrets {
    /// The secrets among the headers of a grant, and the proxy's.
    pub(crate) fn of(headers: &[(HeaderName, HeaderValue)], proxy: Option<&HttpProxy>) -> Self {
        let mut secrets: Vec<Vec<u8>> = Vec::new();
        for (name, value) in headers {
            if describes_content(name.as_str()) {
                continue;
            }
            let whole = value.as_bytes();
            // `Bearer KEY`: the key alone is as good as the whole.
            let key = whole.rsplit(|byte| *byte == b' ').next().unwrap_or(whole);
            secrets.extend([whole, key].map(<[u8]>::to_vec));
            if whole.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic ")) {
                secrets.extend(BASE64_STANDARD.decode(key).into_iter().flat_map(with_password));
            }
        }
        if let Some((name, password)) = proxy.and_then(|proxy| proxy.credentials.as_ref()) {
            let pair = format!("{name}:{}", password.expose());
            secrets.push(BASE64_STANDARD.encode(&pair).into_bytes());
            secrets.extend(with_password(pair.into_bytes()));
        }
        secrets.retain(|secret| secret.len() >= MIN_SECRET_BYTES);
        Self(secrets.iter().map(|secret| memmem::Finder::new(secret).into_owned()).collect())
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same as they would be among the names of headers.
    pub(super) fn in_lower_case(&self) -> Self {
        let lower_case = |secret: &memmem::Finder<'_>| secret.needle().to_ascii_lowercase();
        Self(self.0.iter().map(|secret| memmem::Finder::new(&lower_case(secret)).into_owned()).collect())
    }

    /// The same and one header's value more.
    pub(crate) fn and(&self, name: &HeaderName, value: &HeaderValue) -> Self {
        let mut all = Self::of(&[(name.clone(), value.clone())], None);
        all.0.extend(self.0.iter().cloned());
        all
    }

    /// Overwrites every occurrence in `bytes`, in linear time.
    pub(crate) fn mask(&self, bytes: &mut [u8]) {
        for secret in &self.0 {
            let mut from = 0;
            while let Some(at) = secret.find(&bytes[from..]) {
                let start = from + at;
                from = start + secret.needle().len();
                bytes[start..from].fill(MASK);
            }
        }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// `user:password` and the password alone.
fn with_password(pair: Vec<u8>) -> [Vec<u8>; 2] {
    let password = pair.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default().to_vec();
    [pair, password]
}

fn describes_content(name: &str) -> bool {
    name == "user-agent" || name.starts_with("accept") || name.starts_with("content-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(headers: &[(&'static str, &'static str)]) -> Secrets {
        let headers: Vec<_> =
            headers.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect();
        Secrets::of(&headers, None)
    }

    fn masked(secrets: &Secrets, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        secrets.mask(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_key_is_masked_with_and_without_its_scheme_wherever_it_occurs() {
        let secrets = secrets(&[("authorization", "Bearer abcdef-123456")]);
        let text = "sent Bearer abcdef-123456, key abcdef-123456abcdef-123456.";
        assert_eq!(masked(&secrets, text), "sent ********************, key **************************.");
    }

    #[test]
    fn a_basic_pair_is_masked_decoded_too_and_so_is_its_password() {
        // tenant-7:correct-horse
        let secrets = secrets(&[("authorization", "basic dGVuYW50LTc6Y29ycmVjdC1ob3JzZQ==")]);
        let text = "dGVuYW50LTc6Y29ycmVjdC1ob3JzZQ== tenant-7:correct-horse tenant-7 correct-horse";
        let expected = "******************************** ********************** tenant-7 *************";
        assert_eq!(masked(&secrets, text), expected);
    }

    #[test]
    fn a_proxys_pair_is_masked_encoded_decoded_and_its_password_alone() {
        let credentials = Some(("gateway".to_owned(), crate::config::Secret::new("hunter2-hunter2".to_owned())));
        let proxy = HttpProxy { address: "http://proxy.example:3128".parse().unwrap(), credentials };
        let secrets = Secrets::of(&[], Some(&proxy));
        let encoded = BASE64_STANDARD.encode("gateway:hunter2-hunter2");
        let text = format!("{encoded} gateway:hunter2-hunter2 hunter2-hunter2");
        assert!(!masked(&secrets, &text).contains(|letter: char| letter.is_alphanumeric()));
    }

    #[test]
    fn what_is_no_secret_is_left_alone() {
        let secrets = secrets(&[("x-tenant", "1"), ("accept", "application/json"), ("user-agent", "something/1.0")]);
        let text = "1 application/json something/1.0";
        assert_eq!(masked(&secrets, text), text);
    }

    #[test]
    fn a_near_miss_and_a_cut_secret_are_no_matches() {
        let secrets = secrets(&[("x-key", "aaaaaaaab")]);
        assert_eq!(masked(&secrets, "aaaaaaaaaab"), "aa*********");
        assert_eq!(masked(&secrets, "aaaaaaaa"), "aaaaaaaa");
    }
}
