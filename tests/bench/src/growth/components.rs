//! Components that are the same but for a few bytes that nobody runs, so that each is compiled for itself.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Mutex};

use tempfile::TempDir;

/// Copies of the component that reads what it is told to, in a folder.
pub(super) struct Copies {
    original: Vec<u8>,
    folder: TempDir,
    written: Mutex<BTreeMap<u32, PathBuf>>,
}

impl Copies {
    /// # Errors
    /// If there is no component or no folder.
    pub(super) fn new() -> anyhow::Result<Self> {
        let original = fs::read(spangate_tests::guest("crossing"))?;
        Ok(Self { original, folder: tempfile::tempdir()?, written: Mutex::default() })
    }

    /// The file of one of them.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn path(&self, number: u32) -> anyhow::Result<PathBuf> {
        let mut written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(path) = written.get(&number) {
            return Ok(path.clone());
        }
        let path = self.folder.path().join(format!("copy{number}.wasm"));
        fs::write(&path, numbered(&self.original, number))?;
        written.insert(number, path.clone());
        Ok(path)
    }
}

/// With a custom section behind it that holds the number: an id of zero, a length, and a name with its length.
fn numbered(component: &[u8], number: u32) -> Vec<u8> {
    let name = format!("copy{number:08}");
    let length = name.len() as u8;
    let mut out = component.to_vec();
    out.extend([0, length + 1, length]);
    out.extend(name.as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_differ_and_are_components_still() {
        let copies = Copies::new().unwrap();
        let bytes = |number| fs::read(copies.path(number).unwrap()).unwrap();
        assert_ne!(bytes(1), bytes(2));
        assert_eq!(bytes(1), bytes(1));
        // The runtime reads every byte of it before it compiles.
        let place = super::super::path::Place::new().unwrap();
        let path = super::super::path::Path::open(&place, &Default::default(), &[super::super::path::Out::Reader(7)]);
        path.unwrap().burst(1, 0).unwrap();
    }
}
