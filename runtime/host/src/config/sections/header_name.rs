//! Names of HTTP headers.

use super::super::{reader::Node, shapes::string, source::Complaint};

/// The name of an HTTP header, in lower case.
pub(super) fn header_name(node: &Node<'_>) -> Option<String> {
    let name = string(node)?;
    let refusal = name_refusal(&name);
    if let Some(refusal) = &refusal {
        node.refuse(Complaint::new(refusal.clone()));
    }
    refusal.is_none().then_some(name)
}

/// What is wrong with a header's name.
pub(super) fn name_refusal(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if lower != name {
        return Some(format!("header names are written in lower case: `{}`", lower.escape_debug()));
    }
    http::HeaderName::from_bytes(name.as_bytes())
        .err()
        .map(|_| format!("`{}` is not a header name", name.escape_debug()))
}
