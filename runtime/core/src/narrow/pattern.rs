//! Names, exact or by their beginning.

use std::fmt;

/// A name, or all names that begin alike. Letters count as they are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// This name.
    Exact(String),
    /// Every name that begins so; every name there is, if this is empty.
    Prefix(String),
}

impl Pattern {
    /// Reads `http.route`, `http.*` or `*`. None if it is empty, or has a `*` anywhere but at its end.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, is_prefix) = text.strip_suffix('*').map_or((text, false), |prefix| (prefix, true));
        match (name.contains('*'), is_prefix) {
            (true, _) => None,
            (false, true) => Some(Self::Prefix(name.to_owned())),
            (false, false) => (!name.is_empty()).then(|| Self::Exact(name.to_owned())),
        }
    }

    /// Whether a name is meant.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => name == exact,
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }
}

/// As it is written.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

/// Several patterns, of which one has to match. Many exact names cost no more than few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Ascending.
    exact: Vec<String>,
    prefixes: Vec<String>,
}

impl Patterns {
    /// Whether one of them means this name.
    pub fn matches(&self, name: &str) -> bool {
        self.exact.binary_search_by(|exact| exact.as_str().cmp(name)).is_ok()
            || self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }
}

impl FromIterator<Pattern> for Patterns {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        let mut all = Self::default();
        for pattern in patterns {
            match pattern {
                Pattern::Exact(name) => all.exact.push(name),
                Pattern::Prefix(prefix) => all.prefixes.push(prefix),
            }
        }
        all.exact.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_or_the_beginning_of_names() {
        let matching = |text: &str, name: &str| {
            let pattern = Pattern::parse(text).expect("a pattern");
            assert_eq!(pattern.to_string(), text);
            let (one, several) = (pattern.matches(name), Patterns::from_iter([pattern]).matches(name));
            assert_eq!(one, several);
            one
        };
        assert!(matching("http.route", "http.route"));
        assert!(!matching("http.route", "http.route.x") && !matching("http.route", "http.rout"));
        assert!(!matching("http.route", "HTTP.route") && !matching("http.*", "http"));
        assert!(matching("http.*", "http.") && matching("http.*", "http.a.b") && matching("http*", "https"));
        assert!(matching("*", "") && matching("*", "anything"));
        for wrong in ["", "a*b", "*a", "**", "a**"] {
            assert_eq!(Pattern::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn of_several_patterns_one_has_to_match() {
        let patterns: Patterns = ["b", "a", "c.*"].into_iter().filter_map(Pattern::parse).collect();
        assert!(["a", "b", "c.x"].into_iter().all(|name| patterns.matches(name)));
        assert!(["c", "ab", ""].into_iter().all(|name| !patterns.matches(name)));
        assert!(!patterns.is_empty() && Patterns::default().is_empty() && !Patterns::default().matches(""));
    }
}
