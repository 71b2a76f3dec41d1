//! `[exporters.NAME.grants.http.headers]` and `metadata_headers`: what the host puts on requests.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        reader::{Node, Table},
        secrets::Secret,
        shapes::string,
        source::Complaint,
        suggest::{nearest, one_of},
    },
    header_name::name_refusal,
};

/// Set by the host itself: a grant that sets them too could smuggle requests.
const HEADERS_OF_THE_HOST: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "keep-alive"];

/// Headers with the operator's values.
pub(super) fn headers(table: &mut Table<'_>) -> BTreeMap<String, Secret> {
    let mut headers = BTreeMap::new();
    for (name, node) in table.take_all() {
        let has_good_name = is_settable(&name, &node);
        let Some(value) = string(&node) else { continue };
        node.reader.found.borrow_mut().secrets.add(&value, "(secret)");
        if http::HeaderValue::from_str(&value).is_err() || value.trim() != value {
            let complaint = Complaint::new("the header's value has control characters, or spaces around it");
            node.refuse(complaint.help("a line feed at the end of a file or variable is the usual cause"));
        } else if has_good_name {
            headers.insert(name, Secret::new(value));
        }
    }
    headers
}

/// Headers with values that came with a batch: the key's name by the header's. Receivers have to copy it: `known`.
pub(super) fn metadata_headers(
    table: &mut Table<'_>,
    fixed: &BTreeMap<String, Secret>,
    known: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, node) in table.take_all() {
        let has_good_name = is_settable(&name, &node);
        if has_good_name && fixed.contains_key(&name) {
            let complaint = Complaint::new(format!("the header `{name}` has a fixed value in `headers`"));
            node.refuse(complaint.help("keep one of them"));
            continue;
        }
        let Some(key) = string(&node) else { continue };
        if known.contains(&key) {
            if has_good_name {
                headers.insert(name, key);
            }
            continue;
        }
        let complaint = Complaint::new(format!("no receiver copies {}", node.found()));
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let near = nearest(&key, names.iter().copied()).filter(|_| !node.has_variable());
        let help = match near {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "name the request header in `metadata` of a receiver: `metadata = [\"x-tenant\"]`".to_owned(),
        };
        let complaint = if names.is_empty() { complaint } else { complaint.allowed(one_of(&names)) };
        node.refuse(complaint.help(help));
    }
    headers
}

fn is_settable(name: &str, node: &Node<'_>) -> bool {
    let refusal = name_refusal(name).or_else(|| {
        let is_taken = HEADERS_OF_THE_HOST.contains(&name) || name.starts_with("proxy-");
        is_taken.then(|| format!("the header `{name}` is set by the host itself"))
    });
    if let Some(refusal) = &refusal {
        node.refuse(Complaint::new(refusal.clone()));
    }
    refusal.is_none()
}
