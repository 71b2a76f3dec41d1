//! A token that a sender must show, as RFC 6750 has it.

use std::fmt;

use super::secrets::Secret;

/// A bearer token of at least [`BearerToken::MIN_LEN`] characters.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(Secret);

impl BearerToken {
    /// Shorter ones can be guessed.
    pub const MIN_LEN: usize = 16;
    /// Longer ones are not tokens but files that were mistaken for one.
    pub const MAX_LEN: usize = 4096;

    /// Checks a token.
    ///
    /// # Errors
    /// Says what is wrong, without showing any of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() < Self::MIN_LEN {
            return Err(format!("a token of {} characters is too short: at least {}", text.len(), Self::MIN_LEN));
        }
        if text.len() > Self::MAX_LEN {
            return Err(format!("a token of {} characters is too long: at most {}", text.len(), Self::MAX_LEN));
        }
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        if !text.trim_end_matches('=').chars().all(is_allowed) {
            return Err("a token has a character in it that no bearer token may have: letters, digits, - . _ ~ + / \
                        and = at its end"
                .to_owned());
        }
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// The token, to be compared and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_of_the_characters_of_the_standard() {
        for good in ["0123456789abcdef", "a-b.c_d~e+f/g0123==", &"x".repeat(4096)] {
            assert_eq!(BearerToken::parse(good).expect("a token").expose(), good);
        }
        for bad in ["", "short", "0123456789 abcdef", "0123456789abcde\n", "0123=456789abcdef", "canary-canary-é", "=="]
        {
            let error = BearerToken::parse(bad).expect_err("no token");
            assert!(!error.contains("canary") && !error.is_empty(), "{error}");
        }
        assert!(BearerToken::parse(&"x".repeat(4097)).is_err());
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let token = BearerToken::parse("canary-canary-canary").expect("a token");
        assert_eq!(format!("{token:?}"), "(secret)");
    }
}
