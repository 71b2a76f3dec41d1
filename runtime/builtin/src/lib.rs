//! The exporters that live inside the spangate binary (`component = "builtin:zipkin"`), compiled from `guests/` when
//! this crate is built, never committed.

#[cfg(test)]
mod tests;

static COMPONENTS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/components.rs"));

/// The component of this name; absent if there is none.
pub fn component(name: &str) -> Option<&'static [u8]> {
    COMPONENTS.iter().find(|(known, _)| *known == name).map(|(_, component)| *component)
}

/// The names that [`component`] knows, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMPONENTS.iter().map(|(name, _)| *name)
}

/// The examples of the README are compiled with the other documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
