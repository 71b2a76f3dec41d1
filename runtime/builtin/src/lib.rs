//! The exporters that live inside the spangate binary (`component = "builtin:zipkin"`), compiled from `guests/` when
//! this crate is built, never committed.

#[cfg(test)]
mod tests;

/// Name, component, its SHA-256.
static COMPONENTS: &[(&str, &[u8], [u8; 32])] = include!(concat!(env!("OUT_DIR"), "/components.rs"));

/// The component of this name; absent if there is none.
pub fn component(name: &str) -> Option<&'static [u8]> {
    COMPONENTS.iter().find(|(known, ..)| *known == name).map(|(_, component, _)| *component)
}

/// The SHA-256 of `bytes`, if they are what [`component`] gave, and no copy of it: it was computed when this crate was built,
/// and what is known about a component is known by where it lies.
pub fn digest(bytes: &[u8]) -> Option<[u8; 32]> {
    let lies_there = |known: &[u8]| std::ptr::eq(known, bytes);
    COMPONENTS.iter().find(|(_, component, _)| lies_there(component)).map(|(.., digest)| *digest)
}

/// The names that [`component`] knows, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMPONENTS.iter().map(|(name, ..)| *name)
}

/// The examples of the README are compiled with the other documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
