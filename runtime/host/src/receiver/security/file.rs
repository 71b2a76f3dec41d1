//! Reads the small files that hold certificates, keys and tokens.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// A longer file is something else: bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A file of certificates, keys or tokens that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub struct FileError {
    /// The key below the receiver's table that names the file: `auth.bearer_token_file`.
    pub key: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it. Shows nothing of what is in it.
    pub what: String,
}

impl FileError {
    pub(super) fn new(key: &'static str, path: &Path, what: impl Into<String>) -> Self {
        Self { key, path: path.to_owned(), what: what.into() }
    }
}

/// The content of the file that `key` names.
///
/// # Errors
/// It is not there, not a file, too long, or may not be read.
pub(super) fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, FileError> {
    let refuse = |what: String| FileError::new(key, path, what);
    let unreadable = |error: std::io::Error| refuse(format!("cannot be read: {error}"));
    // Asked first, since opening a pipe would wait for somebody who writes into it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(refuse("is not a file".to_owned()));
    }
    let mut content = Vec::new();
    File::open(path).map_err(unreadable)?.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
    match content.len() as u64 {
        0 => Err(refuse("is empty".to_owned())),
        length if length > MAX_BYTES => Err(refuse(format!("is longer than {MAX_BYTES} bytes"))),
        _ => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let (absent, empty, long) = (folder.path().join("a"), folder.path().join("e"), folder.path().join("l"));
        std::fs::write(&empty, "").unwrap();
        std::fs::write(&long, vec![b'x'; (1 << 20) + 1]).unwrap();
        let told = |path: &Path| read("auth.bearer_token_file", path).unwrap_err().to_string();
        assert!(told(&absent).contains("cannot be read: "), "{}", told(&absent));
        assert!(told(&empty).ends_with(": is empty"));
        assert!(told(&long).ends_with(": is longer than 1048576 bytes"));
        assert!(told(folder.path()).ends_with(": is not a file"));
    }
}
