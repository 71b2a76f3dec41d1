//! Bearer tokens (RFC 6750), and whether a request shows one of them.
//!
//! Only digests are kept and compared: equal lengths, so that neither the length of a token nor how much of it was right
//! can be measured.

use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::{
    file::{self, FileError},
    watched::Loaded,
};
use crate::config::{BearerToken, ReceiverAuth};

const KEY: &str = "auth.bearer_token_file";
/// More tokens than this in a file are a file that was mistaken for one.
const MAX_TOKENS: usize = 1024;

/// The tokens that are let in.
pub(super) struct Tokens {
    digests: Vec<[u8; 32]>,
}

/// What a request that is not let in has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Shown {
    /// No authorization at all.
    Nothing,
    /// Something else than one bearer token.
    Unreadable,
    /// A token that is not let in.
    Unknown,
}

impl Shown {
    /// What the sender is told. Shows nothing of what was sent.
    pub(in super::super) fn message(self) -> &'static str {
        match self {
            Self::Nothing => "a bearer token is needed: send the header `authorization: Bearer TOKEN`",
            Self::Unreadable => "the authorization header does not read `Bearer TOKEN`, or is given twice",
            Self::Unknown => "the bearer token is not one of those that are let in",
        }
    }
}

impl Tokens {
    /// Reads what the configuration names: its own tokens, and those of the file.
    ///
    /// # Errors
    /// The file cannot be read, has no token in it, or one that is not a token.
    pub(super) fn load(config: &ReceiverAuth) -> Result<Loaded<Self>, FileError> {
        let mut tokens = config.bearer_tokens.clone();
        if let Some(path) = &config.bearer_token_file {
            let content = file::read(KEY, path)?;
            tokens.extend(parse(&content).map_err(|what| FileError::new(KEY, path, what))?);
        }
        let digests: Vec<_> = tokens.iter().map(|token| digest(token.expose())).collect();
        let fingerprint = Sha256::digest(digests.concat()).into();
        Ok(Loaded { value: Self { digests }, fingerprint })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.digests.len()
    }

    /// Lets a request in that shows one of the tokens.
    ///
    /// # Errors
    /// What it has shown instead.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Shown> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or(Shown::Nothing)?;
        if values.next().is_some() {
            return Err(Shown::Unreadable);
        }
        let token = value.to_str().ok().and_then(bearer).ok_or(Shown::Unreadable)?;
        let shown = digest(token);
        let is_known = self.digests.iter().fold(Choice::from(0), |found, known| found | known.ct_eq(&shown));
        if bool::from(is_known) { Ok(()) } else { Err(Shown::Unknown) }
    }
}

/// The token of `Bearer TOKEN`. The scheme is of any case, the token is not.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// One token per line.
fn parse(content: &[u8]) -> Result<Vec<BearerToken>, String> {
    let text = std::str::from_utf8(content).map_err(|_| "is not text".to_owned())?;
    let mut tokens = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if tokens.len() == MAX_TOKENS {
            return Err(format!("has more than {MAX_TOKENS} tokens in it"));
        }
        tokens.push(BearerToken::parse(line).map_err(|what| format!("line {}: {what}", index + 1))?);
    }
    if tokens.is_empty() { Err("has no token in it: one per line".to_owned()) } else { Ok(tokens) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const OLD: &str = "old-token-0123456789";
    const NEW: &str = "new-token-0123456789";

    fn tokens(content: &str) -> Result<Tokens, FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, content).unwrap();
        let config = ReceiverAuth {
            bearer_tokens: vec![],
            bearer_token_file: Some(path),
            reload_interval: ReceiverAuth::RELOAD_INTERVAL,
        };
        Tokens::load(&config).map(|loaded| loaded.value)
    }

    fn check(tokens: &Tokens, values: &[&str]) -> Result<(), Shown> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        tokens.check(&headers)
    }

    #[test]
    fn every_token_of_the_file_is_let_in() {
        let tokens = tokens(&format!("# of the shop\r\n{OLD}\r\n\n  {NEW}  \n")).unwrap();
        assert_eq!(tokens.len(), 2);
        for value in [format!("Bearer {OLD}"), format!("bearer {NEW}"), format!("BEARER   {NEW}")] {
            assert_eq!(check(&tokens, &[&value]), Ok(()), "{value}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let tokens = tokens(OLD).unwrap();
        assert_eq!(check(&tokens, &[]), Err(Shown::Nothing));
        let wrong = [&OLD[..19], &format!("{OLD}0"), &OLD.to_uppercase(), "x", &"x".repeat(30_000)];
        for token in wrong {
            assert_eq!(check(&tokens, &[&format!("Bearer {token}")]), Err(Shown::Unknown), "{token}");
        }
        for value in [OLD, "", "Bearer", "Bearer ", "Bearer\t", "Basic b2xkOng=", "Bearerold-token-0123456789"] {
            assert_eq!(check(&tokens, &[value]), Err(Shown::Unreadable), "{value}");
        }
        for value in [format!("Basic {OLD}"), format!("Bearer {OLD} {OLD}"), format!("Bearer {OLD}ä")] {
            assert_eq!(check(&tokens, &[&value]), Err(Shown::Unreadable), "{value}");
        }
        let good = format!("Bearer {OLD}");
        assert_eq!(check(&tokens, &[&good, &good]), Err(Shown::Unreadable));
    }

    #[test]
    fn a_file_that_is_wrong_says_where_and_shows_nothing() {
        let told = |content: &str| tokens(content).err().unwrap().to_string();
        assert!(told(&format!("{OLD}\n\ncanary\n")).contains("line 3: a token of 6 characters is too short"));
        assert!(!told("canary\n").contains("canary"));
        assert!(told("# nothing\n\n").ends_with("has no token in it: one per line"));
        assert!(told(&format!("{OLD}\n").repeat(1025)).ends_with("more than 1024 tokens in it"));
    }
}
