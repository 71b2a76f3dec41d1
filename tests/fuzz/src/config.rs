//! Configurations: any bytes get an answer, and a secret shows in none of it.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use spangate::config::{MAX_BYTES, Surroundings, parse};

/// As long as a thousand problems may be, each with the line it is about.
const MAX_ERROR_BYTES: usize = 2 << 20;

/// `${env:TOKEN}` is a secret, `${env:TEXT}` is TOML.
pub fn check(data: &[u8]) {
    // Of the text's own hash, so that the text itself cannot hold it.
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    let canary = format!("canary{:016x}", hasher.finish());
    let variable = |name: &str| match name {
        "TOKEN" => Some(canary.clone()),
        "TEXT" => Some("\"\n[exporters.injected]\ncomponent = \"builtin:otlp\"\n#".to_owned()),
        "PORT" => Some("9411".to_owned()),
        _ => None,
    };
    let surroundings = Surroundings {
        file: Path::new("spangate.toml"),
        builtins: &["console", "otlp"],
        variable: &variable,
        is_file: &|_| true,
    };
    match parse(data, &surroundings) {
        Ok(document) => {
            assert!(data.len() <= MAX_BYTES);
            let config = &document.config;
            assert!(!config.exporters.is_empty());
            let is_injected = config.exporters.contains_key("injected");
            assert!(!is_injected || data.windows(8).any(|part| part == b"injected"), "a variable became a table");
            // A resource shows what is in it: it is on every span. Elsewhere a variable is known for what it is.
            let is_public = format!("{:?}", config.resource).contains(&canary);
            if format!("{config:?}").contains(&canary) && !is_public {
                let later = document.problem("exporters", &format!("refused: {canary}"), Some(&canary)).to_string();
                assert!(!later.contains(&canary), "{later}");
            }
            for path in ["exporters.a.settings.b[3].c", "", ".", "receivers.otlp_http.listen", "[", "é"] {
                assert!(document.problem(path, "refused", None).to_string().contains("refused"));
            }
        }
        Err(error) => {
            assert!((1..=1000).contains(&error.problems.len()));
            let text = error.to_string();
            assert!(text.len() <= MAX_ERROR_BYTES, "{} bytes", text.len());
            assert!(!text.contains(&canary) && !format!("{error:?}").contains(&canary), "{text}");
        }
    }
}
