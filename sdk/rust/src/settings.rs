//! Settings: from JSON text into the author's type, with errors that say where.

use serde::de::DeserializeOwned;

use crate::Exporter;

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// Dotted path inside the settings, empty for the whole.
    pub path: String,
    /// What was found, what is allowed.
    pub message: String,
}

impl SettingError {
    /// At a dotted path, empty for the whole.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// An error at `path` unless `text` starts like an absolute URL. Whether it may be reached the host decides.
    pub fn unless_url(path: &str, text: &str) -> Result<(), Self> {
        let is_url = ["http://", "https://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        if is_url { Ok(()) } else { Err(Self::at(path, "not a URL that starts with http:// or https://")) }
    }
}

impl From<SettingError> for Vec<SettingError> {
    fn from(error: SettingError) -> Self {
        vec![error]
    }
}

/// Parses settings as the host hands them over, and makes the exporter.
pub fn configure<E: Exporter>(settings: &str) -> Result<E, Vec<SettingError>> {
    E::configure(parse(settings)?)
}

fn parse<T: DeserializeOwned>(settings: &str) -> Result<T, SettingError> {
    let mut json = serde_json::Deserializer::from_str(settings);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        // Line and column are of the JSON text, which the operator never sees.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
        SettingError::at(if path == "." { "" } else { &path }, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        limits: Limits,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Limits {
        sizes: Vec<u32>,
    }

    #[test]
    fn settings_become_the_authors_type() {
        let settings: Settings = parse(r#"{"limits": {"sizes": [1, 2]}}"#).unwrap();
        assert_eq!(settings, Settings { limits: Limits { sizes: vec![1, 2] } });
    }

    #[test]
    fn an_error_names_the_setting_and_no_position_in_the_json() {
        let error = parse::<Settings>(r#"{"limits": {"sizes": [1, "two"]}}"#).unwrap_err();
        assert_eq!(error, SettingError::at("limits.sizes[1]", "invalid type: string \"two\", expected u32"));
    }

    #[test]
    fn a_misspelt_setting_is_named_with_what_is_allowed() {
        let error = parse::<Settings>(r#"{"limit": {}}"#).unwrap_err();
        assert_eq!(error.message, "unknown field `limit`, expected `limits`");
    }

    #[test]
    fn only_what_starts_like_a_url_is_taken_for_one() {
        for (text, is_url) in [("http://a", true), ("https://a/b", true), ("http://", false), ("a:4318", false)] {
            assert_eq!(SettingError::unless_url("endpoint", text).is_ok(), is_url, "{text}");
        }
    }

    #[test]
    fn a_missing_setting_is_an_error_of_the_whole() {
        assert_eq!(parse::<Settings>("{}").unwrap_err(), SettingError::at("", "missing field `limits`"));
    }
}
