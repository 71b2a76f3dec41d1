//! What a component is known by.

/// SHA-256 of a component's bytes.
pub(super) type Digest = [u8; 32];

/// `bytes` in lower-case hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
