//! Compiled components, kept between starts: 200 ms of compiling become a millisecond of reading.
//!
//! Constraints: a directory that belongs to this user and that nobody else can write to, or none; a file is written
//! whole or not at all; a damaged file is compiled again, never loaded; the name tells component, kind of machine,
//! settings and version, and the engine refuses what was compiled for other processor features than this machine's.

use std::{
    env,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

use super::{error::CacheError, precompiled::load_own_artifact};

/// Bytes of the digest in front of an artifact.
const DIGEST_BYTES: usize = 32;

/// A private directory of compiled components.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    /// Whether the engine takes its traps from signals: the code differs.
    signal_handlers: bool,
}

impl Cache {
    /// Opens `directory`, or the default one, and makes it if it is missing.
    ///
    /// # Errors
    /// If there is no directory, or others could write to it.
    pub(super) fn open(directory: Option<&Path>, signal_handlers: bool) -> Result<Self, CacheError> {
        let directory = directory.map(Path::to_owned).or_else(default_directory).ok_or(CacheError::NoDirectory)?;
        let failed = |source| CacheError::Io { path: directory.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(failed)?;
        let metadata = fs::metadata(&directory).map_err(failed)?;
        let not_private = |reason| CacheError::NotPrivate { path: directory.clone(), reason };
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(not_private("belongs to another user"));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(not_private("can be written to by others (chmod 700 mends that)"));
        }
        Ok(Self { directory, signal_handlers })
    }

    /// The component compiled from `bytes`, if it is kept and whole.
    pub(super) fn find(&self, engine: &Engine, bytes: &[u8]) -> Option<Component> {
        let kept = fs::read(self.path(bytes)).ok()?;
        let (digest, artifact) = kept.split_at_checked(DIGEST_BYTES)?;
        if digest != Sha256::digest(artifact).as_slice() {
            return None;
        }
        load_own_artifact(engine, artifact).ok()
    }

    /// Keeps `component`, compiled from `bytes`.
    ///
    /// # Errors
    /// If it cannot be written; then nothing is left behind under its name.
    pub(super) fn keep(&self, bytes: &[u8], component: &Component) -> io::Result<()> {
        let artifact = component.serialize().map_err(io::Error::other)?;
        let path = self.path(bytes);
        let temporary = path.with_extension(format!("{}-{:x}", std::process::id(), fastrand::u64(..)));
        let written = write_private(&temporary, &artifact).and_then(|()| fs::rename(&temporary, &path));
        written.inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
    }

    /// Where the code of the component `bytes` is kept.
    pub(super) fn path(&self, bytes: &[u8]) -> PathBuf {
        let component = hexadecimal(&Sha256::digest(bytes));
        let signals = if self.signal_handlers { "" } else { "-without-signals" };
        let (machine, system, version) = (env::consts::ARCH, env::consts::OS, env!("CARGO_PKG_VERSION"));
        self.directory.join(format!("{component}-{machine}-{system}{signals}-{version}.cwasm"))
    }
}

fn write_private(path: &Path, artifact: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&Sha256::digest(artifact))?;
    file.write_all(artifact)?;
    file.sync_all()
}

fn default_directory() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(caches.join("spangate"))
}

/// `bytes` in lower-case hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::sandbox::engine::build_engine;

    fn component(engine: &Engine) -> (Vec<u8>, Component) {
        let bytes = wat::parse_str("(component (core module (func)))").unwrap();
        let component = Component::from_binary(engine, &bytes).unwrap();
        (bytes, component)
    }

    fn only_file(directory: &Path) -> PathBuf {
        let mut files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let file = files.next().unwrap();
        assert!(files.next().is_none());
        file
    }

    #[test]
    fn what_is_kept_is_found_again_and_private() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("a/b");
        let cache = Cache::open(Some(&directory), true).unwrap();
        let engine = build_engine(true).unwrap();
        let (bytes, component) = component(&engine);
        assert!(cache.find(&engine, &bytes).is_none());
        cache.keep(&bytes, &component).unwrap();
        assert!(cache.find(&engine, &bytes).is_some());
        assert!(cache.find(&engine, b"other").is_none());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&only_file(&directory))), (0o700, 0o600));
    }

    #[test]
    fn a_damaged_file_is_not_found() {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::open(Some(home.path()), true).unwrap();
        let engine = build_engine(true).unwrap();
        let (bytes, component) = component(&engine);
        cache.keep(&bytes, &component).unwrap();
        let file = only_file(home.path());
        let whole = fs::read(&file).unwrap();
        for at in [0, DIGEST_BYTES, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&file, &damaged).unwrap();
            assert!(cache.find(&engine, &bytes).is_none(), "byte {at}");
        }
        for length in [0, 10, DIGEST_BYTES, whole.len() - 1] {
            fs::write(&file, &whole[..length]).unwrap();
            assert!(cache.find(&engine, &bytes).is_none(), "{length} bytes");
        }
        cache.keep(&bytes, &component).unwrap();
        assert!(cache.find(&engine, &bytes).is_some());
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        let home = tempfile::tempdir().unwrap();
        for mode in [0o770, 0o702, 0o777] {
            fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
            let error = Cache::open(Some(home.path()), true).unwrap_err();
            assert!(matches!(error, CacheError::NotPrivate { .. }), "{error}");
        }
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Cache::open(Some(home.path()), true).is_ok());
    }
}
