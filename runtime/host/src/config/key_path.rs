//! The names of keys, as a person would write them.

/// `parent.key`, quoted where TOML would have it quoted.
pub(super) fn join(parent: &str, key: &str) -> String {
    let is_bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let key = if is_bare { key.to_owned() } else { format!("\"{}\"", key.escape_debug()) };
    if parent.is_empty() { key } else { format!("{parent}.{key}") }
}
