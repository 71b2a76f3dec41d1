//! Finds the bytes of a component.

use std::{collections::BTreeMap, fmt, path::Path};

use bytes::Bytes;

use crate::{config::Component, sandbox::LoadError};

/// Finds a built-in component by its name.
type Find = dyn Fn(&str) -> Option<&'static [u8]> + Send + Sync;

/// The components that need no file.
#[derive(Default)]
pub(super) struct Builtins {
    named: BTreeMap<String, Bytes>,
    find: Option<Box<Find>>,
}

impl Builtins {
    pub(super) fn add(&mut self, name: String, bytes: Bytes) {
        self.named.insert(name, bytes);
    }

    pub(super) fn find_with(&mut self, find: impl Fn(&str) -> Option<&'static [u8]> + Send + Sync + 'static) {
        self.find = Some(Box::new(find));
    }

    /// Looks among those given one by one, then asks whoever was given, then the program itself.
    pub(super) fn get(&self, name: &str) -> Option<Bytes> {
        let found = || self.find.as_ref().and_then(|find| find(name)).or_else(|| carried::find(name));
        self.named.get(name).cloned().or_else(|| found().map(Bytes::from_static))
    }

    /// The names that are known. Whoever is asked may know more.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.named.keys().map(String::as_str).collect();
        // Not `extend`: these names live longer, and it wants exactly the same.
        carried::names().for_each(|name| names.push(name));
        names
    }
}

impl fmt::Debug for Builtins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.named.keys()).finish()
    }
}

/// The components that the feature `builtin` puts into the program.
#[cfg(feature = "builtin")]
mod carried {
    pub(super) use spangate_builtin::{component as find, names};
}

#[cfg(not(feature = "builtin"))]
mod carried {
    pub(super) fn find(_: &str) -> Option<&'static [u8]> {
        None
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        std::iter::empty()
    }
}

/// Reads a component, `max_bytes` and one more at most, so that a larger one is still told to be larger.
pub(super) fn read(component: &Component, builtins: &Builtins, max_bytes: usize) -> Result<Bytes, LoadError> {
    match component {
        Component::Builtin(name) => builtins.get(name).ok_or_else(|| LoadError::Unreadable {
            what: format!("builtin:{name}"),
            reason: "this program carries no such component".to_owned(),
        }),
        Component::File(path) => read_file(path, max_bytes)
            .map_err(|error| LoadError::Unreadable { what: path.display().to_string(), reason: error.to_string() }),
    }
}

fn read_file(path: &Path, max_bytes: usize) -> std::io::Result<Bytes> {
    use std::io::Read as _;
    // Asked first, since opening a pipe would wait for somebody who writes into it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// The component as `/status` shows it.
pub(super) fn show(component: &Component) -> String {
    match component {
        Component::Builtin(name) => format!("builtin:{name}"),
        Component::File(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_component_hides_one_that_would_be_found() {
        let mut builtins = Builtins::default();
        builtins.find_with(|name| (name != "none").then_some(&b"found"[..]));
        builtins.add("given".to_owned(), Bytes::from_static(b"given"));
        let read = |name: &str| read(&Component::Builtin(name.to_owned()), &builtins, 100);
        assert_eq!(read("given").expect("given"), "given");
        assert_eq!(read("other").expect("found"), "found");
        let error = read("none").expect_err("neither").to_string();
        assert!(error.contains("builtin:none"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let component = Component::File("no/such/file.wasm".into());
        let error = read(&component, &Builtins::default(), 100).expect_err("missing").to_string();
        assert!(error.contains("no/such/file.wasm"), "{error}");
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let (told, refusal) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || told.send(read(&Component::File(pipe), &Builtins::default(), 100)));
        let read = refusal.recv_timeout(std::time::Duration::from_secs(60)).expect("it waits for a writer");
        let error = read.expect_err("a pipe").to_string();
        assert!(error.contains("pipe") && error.contains("it is not a file"), "{error}");
    }

    #[test]
    fn no_more_of_a_file_is_read_than_is_needed_to_say_that_it_is_too_large() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("large.wasm");
        std::fs::write(&path, vec![0; 1000]).expect("a file");
        let bytes = read(&Component::File(path), &Builtins::default(), 100).expect("readable");
        assert_eq!(bytes.len(), 101);
    }
}
