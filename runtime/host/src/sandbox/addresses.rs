//! Addresses in an exporter's settings to which no request may go. Each request would be denied, and every batch rejected:
//! better told at the start.

use serde_json::Value;
use url::Url;

use crate::config;

/// What is told at most: settings may hold any number.
const MOST: usize = 5;

/// One line for each address whose scheme, host and port no entry of the grant has; none if nothing is granted at all.
pub(super) fn not_granted(config: &config::Exporter) -> Vec<String> {
    let Some(grant) = &config.grants.http else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in &config.settings {
        look(&format!("settings.{key}"), value, &mut |key, url| {
            if found.len() < MOST && !grant.allow.iter().any(|entry| is_same_origin(entry, url)) {
                let origin = url.origin().ascii_serialization();
                found.push(format!("{key}: {origin} is not in grants.http.allow, requests to it will be denied"));
            }
        });
    }
    found
}

/// Tells every text in `value` that is a URL.
fn look(key: &str, value: &Value, tell: &mut impl FnMut(&str, &Url)) {
    match value {
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => {
            if let Ok(url) = Url::parse(text) {
                tell(key, &url);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| look(key, value, tell)),
        Value::Object(values) => values.iter().for_each(|(name, value)| look(&format!("{key}.{name}"), value, tell)),
        _ => {}
    }
}

fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(allow: &[&str], settings: Value) -> Vec<String> {
        let http =
            config::HttpGrant { allow: allow.iter().map(|url| url.parse().unwrap()).collect(), ..Default::default() };
        let mut config = config::Exporter::new(config::Component::Builtin("test".into()));
        config.grants.http = Some(http);
        config.settings = settings.as_object().unwrap().clone();
        not_granted(&config)
    }

    #[test]
    fn an_address_is_told_once_if_no_entry_has_its_scheme_host_and_port() {
        let allow = ["http://localhost:9411", "https://api.example/v2/"];
        let of = |url: &str| told(&allow, serde_json::json!({ "endpoint": url })).len();
        assert_eq!(
            [of("http://localhost:9411/api"), of("https://api.example:443/"), of("localhost:1"), of("x")],
            [0; 4]
        );
        for other in
            ["http://localhost:9412/", "http://127.0.0.1:9411/", "https://localhost:9411/", "http://api.example/"]
        {
            assert_eq!(of(other), 1, "{other}");
        }
    }

    #[test]
    fn what_is_told_names_the_key_and_no_more_of_the_address_than_where_it_is() {
        let settings = serde_json::json!({ "to": { "urls": ["http://a:secret@b.example/x?key=secret"] }, "n": 7 });
        let line = "settings.to.urls: http://b.example is not in grants.http.allow, requests to it will be denied";
        assert_eq!(told(&["http://localhost:1"], settings), [line]);
        let many = serde_json::json!({ "urls": vec!["http://b.example"; 100] });
        assert_eq!(told(&[], many).len(), MOST);
    }
}
