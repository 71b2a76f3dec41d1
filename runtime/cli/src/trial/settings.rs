//! `--settings`: what `[exporters.NAME.settings]` would say.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::component_file::read_at_most;

/// More is no settings.
const MAX_BYTES: usize = 1 << 20;

/// Reads JSON text, or a file of JSON.
///
/// # Errors
/// If it is no JSON object, with the place.
pub(crate) fn read(text: Option<&str>) -> Result<Map<String, Value>> {
    let Some(text) = text else { return Ok(Map::new()) };
    let (what, json) = if text.trim_start().starts_with('{') {
        ("--settings".to_owned(), text.to_owned())
    } else {
        let bytes = read_at_most(Path::new(text), MAX_BYTES).with_context(|| {
            format!("--settings {text} is neither JSON such as '{{\"key\": 1}}' nor a readable file")
        })?;
        if bytes.len() > MAX_BYTES {
            bail!("--settings {text} has more than {MAX_BYTES} bytes");
        }
        (
            format!("--settings {text}"),
            String::from_utf8(bytes).with_context(|| format!("--settings {text} is not text"))?,
        )
    };
    match serde_json::from_str(&json).with_context(|| format!("{what} is not JSON"))? {
        Value::Object(settings) => Ok(settings),
        _ => bail!("{what} is not a JSON object, such as '{{\"key\": 1}}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_json_or_a_file_of_it_and_everything_else_is_told() {
        assert!(read(None).expect("none").is_empty());
        assert_eq!(read(Some(" {\"a\": 1}")).expect("text")["a"], 1);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{\"b\": [true]}").expect("written");
        let path = path.to_str().expect("text").to_owned();
        assert_eq!(read(Some(&path)).expect("file")["b"][0], true);
        std::fs::write(&path, "[1]").expect("written");
        for wrong in [path.as_str(), "{\"a\": }", "no/such/file", "{"] {
            let error = format!("{:#}", read(Some(wrong)).expect_err(wrong));
            assert!(error.contains("--settings"), "{error}");
        }
    }
}
