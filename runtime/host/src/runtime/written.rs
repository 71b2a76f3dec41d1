//! The configuration of a runtime as it was handed over: as a value, as text, or as the name of a file.
//!
//! Nothing is looked at before the start, so that everything that is wrong is told together.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{components::Builtins, error::StartError};
use crate::config::{self, Config, Document, Embedding, Surroundings, parse_embedded};

/// What stands for the file's name where there is no file.
const NO_FILE: &str = "<text>";

/// A configuration that was not read yet.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Value(Box<Config>),
    Text(String),
    File(PathBuf),
}

impl Default for Written {
    fn default() -> Self {
        Self::Value(Box::default())
    }
}

/// A configuration, and the text it came from if it came from one.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) document: Option<Document>,
}

impl Written {
    /// Reads and checks it. Of the environment, those variables are read that the text names as `${env:NAME}`.
    pub(super) fn read(self, builtins: &Builtins) -> Result<Read, StartError> {
        let (text, file) = match self {
            Self::Value(config) => return Ok(Read { config: *config, document: None }),
            Self::Text(text) => (text.into_bytes(), PathBuf::from(NO_FILE)),
            Self::File(file) => match read_file(&file) {
                Ok(text) => (text, file),
                Err(error) => return Err(StartError::unreadable(file, error)),
            },
        };
        let names = builtins.names();
        let is_builtin = |name: &str| builtins.get(name).is_some();
        let surroundings =
            Surroundings { file: &file, builtins: &names, variable: &config::of_process, is_file: &Path::is_file };
        let document = parse_embedded(&text, &surroundings, Embedding { is_builtin: &is_builtin })?;
        Ok(Read { config: document.config.clone(), document: Some(document) })
    }
}

/// One byte more than is allowed at most, so that a longer file is still told to be longer.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(config::MAX_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}
