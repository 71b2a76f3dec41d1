//! `[receivers.otlp_http.cors]`

use std::time::Duration;

use super::{
    super::{
        model::Cors,
        origin::AllowedOrigin,
        reader::{Node, Table},
        shapes::{duration, list, string},
        source::Complaint,
    },
    header_name::header_name,
};

/// Longer than browsers remember.
const MAX_AGE: Duration = Duration::from_secs(86_400);

/// Reads which pages in browsers may send.
pub(super) fn cors(table: &mut Table<'_>) -> Cors {
    const HELP: &str = "name the origins of the pages: `allowed_origins = [\"https://shop.example\"]`";
    let origins = table.required("allowed_origins", HELP, list("origins", 256, origin));
    let default = Cors::new(origins.unwrap_or_default());
    Cors {
        allowed_headers: table.or("allowed_headers", Vec::new(), list("header names", 64, allowed_header)),
        max_age: table.or("max_age", default.max_age, duration(Duration::ZERO..=MAX_AGE)),
        ..default
    }
}

fn origin(node: &Node<'_>) -> Option<AllowedOrigin> {
    let text = string(node)?;
    let refuse = |error: super::super::origin::OriginError| {
        let complaint = Complaint::new(format!("{}: {}", node.found(), error.message));
        // A guess would show what a variable held.
        node.refuse(Complaint { help: error.help.filter(|_| !node.has_variable()), ..complaint });
    };
    AllowedOrigin::parse(&text).map_err(refuse).ok()
}

fn allowed_header(node: &Node<'_>) -> Option<String> {
    match node.value {
        toml::de::DeValue::String(text) if text.as_ref() == "*" => Some("*".to_owned()),
        _ => header_name(node),
    }
}
