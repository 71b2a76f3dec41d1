//! Bytes that are loaded as a component: they are refused or let through to the compiler, and why is told in one bounded
//! line.

use spangate::{LoadError, fuzzing::component, inspect};

/// As long as all names may be that an error lists.
const MAX_ERROR_BYTES: usize = 1 << 20;

/// The first byte says whether the rest is a component, what follows its header, or a core module inside of one.
pub fn check(data: &[u8]) {
    let Some((head, bytes)) = data.split_first() else { return };
    let bytes = match head % 3 {
        0 => bytes.to_vec(),
        1 => [HEADER, bytes].concat(),
        _ => [HEADER, &[1], &length(bytes.len()), bytes].concat(),
    };
    let inspected = inspect(&bytes);
    if let Ok(seen) = &inspected {
        assert!(!seen.signals.is_empty() && seen.component_bytes == bytes.len());
        assert!(seen.imports.len() <= 1024 && seen.exports.len() <= 1024);
    }
    tell(inspected.map(drop));
    tell(component::count(&bytes));
    tell(component::check(&bytes));
}

/// Magic, version and layer of a component.
const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

fn length(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes
}

fn tell(result: Result<(), LoadError>) {
    if let Err(error) = result {
        let text = error.to_string();
        assert!(!text.is_empty() && text.len() <= MAX_ERROR_BYTES, "{} bytes", text.len());
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}
