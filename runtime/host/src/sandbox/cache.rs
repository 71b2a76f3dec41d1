//! Compiled components, kept between starts: 200 ms of compiling become a millisecond of reading.
//!
//! Constraints: a directory that belongs to this user or to root and that nobody else can write to, or none; it is opened
//! once and then known by its descriptor, so that nobody can put another in its place; a file is loaded only if it is a
//! regular one of this user or of root that nobody else can write to, because it may be older than the directory's mode;
//! a file is written whole or not at all; a damaged file is compiled again, never loaded; the name tells component, kind
//! of machine, settings and version, and the engine refuses what was compiled for other processor features than this
//! machine's.
//!
//! Root is trusted because it could change this program as well: a cache that an image brings along, written by root and
//! read by everybody, serves a process of any user.
//!
//! It is held to `sandbox.max_cache_bytes` when it is opened and whenever something is kept, see `eviction`.

mod envelope;
mod eviction;

use std::{
    env,
    fs::{DirBuilder, File, Metadata},
    io::{self, Read, Write},
    os::{
        fd::OwnedFd,
        unix::fs::{DirBuilderExt, MetadataExt},
    },
    path::PathBuf,
    sync::Arc,
    time::SystemTime,
};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, openat, renameat, unlinkat},
    io::Errno,
};
use wasmtime::{Engine, component::Component};

use self::{
    envelope::HEAD_BYTES,
    eviction::{ENDING, evict},
};
use super::{
    digest::{Digest, hexadecimal},
    error::CacheError,
    precompiled::load_own_artifact,
};
use crate::config;

/// What to do about a directory that is not private.
const ADVICE: &str = "mend its owner and mode (chmod go-w), or name another in sandbox.cache_dir";
/// The user that everybody has to trust.
const ROOT: u32 = 0;

/// A private directory of compiled components.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    /// As configured, for messages.
    path: PathBuf,
    directory: Arc<OwnedFd>,
    /// What files get: who may read the directory may read them.
    file_mode: Mode,
    /// Whether the engine takes its traps from signals: the code differs.
    signal_handlers: bool,
    /// Of all files together.
    max_bytes: u64,
}

impl Cache {
    /// Opens the directory that was configured, or the default one, and makes it if it is missing.
    ///
    /// # Errors
    /// If there is no directory, or others could write to it.
    pub(super) fn open(config: &config::Sandbox) -> Result<Self, CacheError> {
        let path = config.cache_dir.clone().or_else(default_directory).ok_or(CacheError::NoDirectory)?;
        let failed = |source| CacheError::Io { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        // A link is followed: what is judged is what was opened.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = File::from(openat(CWD, &path, flags, Mode::empty()).map_err(|error| failed(error.into()))?);
        let metadata = directory.metadata().map_err(failed)?;
        if let Some(reason) = distrust(&metadata) {
            return Err(CacheError::NotPrivate { path, reason, advice: ADVICE });
        }
        let file_mode =
            Mode::RUSR | Mode::WUSR | (Mode::from_bits_truncate(metadata.mode()) & (Mode::RGRP | Mode::ROTH));
        let directory = Arc::new(directory.into());
        let (signal_handlers, max_bytes) = (config.signal_handlers, config.max_cache_bytes as u64);
        // One that may only be read is as large as it is.
        let _ = evict(&directory, max_bytes, None);
        Ok(Self { path, directory, file_mode, signal_handlers, max_bytes })
    }

    /// The component compiled from that of this digest, if it is kept and whole.
    ///
    /// # Errors
    /// If there is one that somebody else could have written.
    pub(super) fn find(&self, engine: &Engine, digest: &Digest) -> Result<Option<Component>, CacheError> {
        let name = self.name(digest);
        let Some(mut file) = self.open_kept(&name)? else { return Ok(None) };
        let mut kept = Vec::new();
        if file.read_to_end(&mut kept).is_err() {
            return Ok(None);
        }
        let artifact = envelope::open(digest, &kept);
        let component = artifact.and_then(|artifact| load_own_artifact(engine, artifact).ok());
        if component.is_some() {
            note_use(&file);
        }
        Ok(component)
    }

    /// A file in which this user or root kept something.
    fn open_kept(&self, name: &str) -> Result<Option<File>, CacheError> {
        let not_private = |reason| {
            let path = self.path.join(name);
            CacheError::NotPrivate { path, reason, advice: "delete it" }
        };
        // Nothing is waited for, should it be a pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&*self.directory, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::LOOP) => return Err(not_private("is a link")),
            Err(_) => return Ok(None),
        };
        let Ok(metadata) = file.metadata() else { return Ok(None) };
        if !metadata.is_file() {
            return Err(not_private("is no file"));
        }
        distrust(&metadata).map_or(Ok(Some(file)), |reason| Err(not_private(reason)))
    }

    /// Keeps `component`, compiled from that of this digest, and deletes what there is no more room for.
    ///
    /// # Errors
    /// If it cannot be written, or is larger than all files together may be; then nothing is left behind under its name.
    /// If older files cannot be deleted.
    pub(super) fn keep(&self, digest: &Digest, component: &Component) -> io::Result<()> {
        let artifact = component.serialize().map_err(io::Error::other)?;
        let length = (artifact.len() + HEAD_BYTES) as u64;
        if length > self.max_bytes {
            let max = self.max_bytes;
            return Err(io::Error::other(format!("it has {length} bytes, sandbox.max_cache_bytes allows {max}")));
        }
        let name = self.name(digest);
        let temporary = format!("{name}.{}-{:x}", std::process::id(), fastrand::u64(..));
        let written = self.write_private(&temporary, &envelope::head(digest, &artifact), &artifact);
        let written = written.and_then(|()| Ok(renameat(&*self.directory, &temporary, &*self.directory, &name)?));
        written.inspect_err(|_| {
            let _ = unlinkat(&*self.directory, &temporary, AtFlags::empty());
        })?;
        evict(&self.directory, self.max_bytes, Some(&name))
    }

    fn write_private(&self, name: &str, head: &[u8], artifact: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&*self.directory, name, flags, self.file_mode)?);
        file.write_all(head)?;
        file.write_all(artifact)?;
        note_use(&file);
        file.sync_all()
    }

    /// Where the code of the component of this digest is kept, to be told.
    #[cfg_attr(feature = "compiler", expect(dead_code, reason = "told when it is missing and cannot be made"))]
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.path.join(self.name(digest))
    }

    fn name(&self, digest: &Digest) -> String {
        let component = hexadecimal(digest);
        let signals = if self.signal_handlers { "" } else { "-without-signals" };
        let (machine, system, version) = (env::consts::ARCH, env::consts::OS, env!("CARGO_PKG_VERSION"));
        format!("{component}-{machine}-{system}{signals}-{version}{ENDING}")
    }
}

/// Has a file count as used now, which the file system itself would tell only to the tick. One that belongs to another user
/// keeps its time.
fn note_use(file: &File) {
    let _ = file.set_modified(SystemTime::now());
}

/// Why others than this user and root could have put something there; none if they could not.
fn distrust(metadata: &Metadata) -> Option<&'static str> {
    distrust_of(metadata.uid(), metadata.mode(), rustix::process::geteuid().as_raw())
}

fn distrust_of(owner: u32, mode: u32, user: u32) -> Option<&'static str> {
    if owner != user && owner != ROOT {
        return Some("belongs to another user");
    }
    (mode & 0o022 != 0).then_some("can be written to by others")
}

fn default_directory() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(caches.join("spangate"))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::sandbox::engine::build_engine;

    fn open(directory: &Path) -> Result<Cache, CacheError> {
        open_with(directory, usize::MAX)
    }

    fn open_with(directory: &Path, max_cache_bytes: usize) -> Result<Cache, CacheError> {
        let cache_dir = Some(directory.to_owned());
        Cache::open(&config::Sandbox { cache_dir, max_cache_bytes, ..config::Sandbox::default() })
    }

    fn compile(engine: &Engine, text: &str) -> (Digest, Component) {
        let bytes = wat::parse_str(text).unwrap();
        let component = Component::from_binary(engine, &bytes).unwrap();
        (Sha256::digest(bytes).into(), component)
    }

    fn component(engine: &Engine) -> (Digest, Component) {
        compile(engine, "(component (core module (func)))")
    }

    fn only_file(directory: &Path) -> PathBuf {
        let mut files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let file = files.next().unwrap();
        assert!(files.next().is_none());
        file
    }

    fn is_found(cache: &Cache, engine: &Engine, digest: &Digest) -> bool {
        matches!(cache.find(engine, digest), Ok(Some(_)))
    }

    #[test]
    fn what_is_kept_is_found_again_and_private() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("a/b");
        let cache = open(&directory).unwrap();
        let engine = build_engine(true).unwrap();
        let (digest, component) = component(&engine);
        assert!(!is_found(&cache, &engine, &digest));
        cache.keep(&digest, &component).unwrap();
        assert!(is_found(&cache, &engine, &digest));
        assert!(!is_found(&cache, &engine, &[1; 32]));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&only_file(&directory))), (0o700, 0o600));
    }

    #[test]
    fn who_may_read_the_directory_may_read_the_files() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let cache = open(home.path()).unwrap();
        assert_eq!(cache.file_mode.bits(), 0o644);
    }

    #[test]
    fn a_damaged_file_is_not_found() {
        let home = tempfile::tempdir().unwrap();
        let cache = open(home.path()).unwrap();
        let engine = build_engine(true).unwrap();
        let (digest, component) = component(&engine);
        cache.keep(&digest, &component).unwrap();
        let file = only_file(home.path());
        let whole = fs::read(&file).unwrap();
        for at in [0, HEAD_BYTES, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&file, &damaged).unwrap();
            assert!(!is_found(&cache, &engine, &digest), "byte {at}");
        }
        for length in [0, 10, HEAD_BYTES, whole.len() - 1] {
            fs::write(&file, &whole[..length]).unwrap();
            assert!(!is_found(&cache, &engine, &digest), "{length} bytes");
        }
        cache.keep(&digest, &component).unwrap();
        assert!(is_found(&cache, &engine, &digest));
    }

    #[test]
    fn the_code_of_another_component_under_this_ones_name_is_not_found() {
        let home = tempfile::tempdir().unwrap();
        let cache = open(home.path()).unwrap();
        let engine = build_engine(true).unwrap();
        let (digest, component) = component(&engine);
        let (other, _, _) = numbered(&engine, 1);
        cache.keep(&digest, &component).unwrap();
        fs::rename(home.path().join(cache.name(&digest)), home.path().join(cache.name(&other))).unwrap();
        assert!(!is_found(&cache, &engine, &other));
    }

    #[test]
    fn a_file_of_the_format_before_is_not_found_and_written_anew() {
        let home = tempfile::tempdir().unwrap();
        let cache = open(home.path()).unwrap();
        let engine = build_engine(true).unwrap();
        let (digest, component) = component(&engine);
        let artifact = component.serialize().unwrap();
        let before = [Sha256::digest(&artifact).as_slice(), &artifact].concat();
        fs::write(home.path().join(cache.name(&digest)), before).unwrap();
        assert!(!is_found(&cache, &engine, &digest));
        cache.keep(&digest, &component).unwrap();
        assert!(is_found(&cache, &engine, &digest));
    }

    #[test]
    fn a_file_that_changes_after_it_was_loaded_changes_nothing_that_runs() {
        let home = tempfile::tempdir().unwrap();
        let cache = open(home.path()).unwrap();
        let engine = build_engine(true).unwrap();
        let (digest, component) = component(&engine);
        cache.keep(&digest, &component).unwrap();
        let found = cache.find(&engine, &digest).unwrap().unwrap();
        let code = found.serialize().unwrap();
        let file = only_file(home.path());
        let length = fs::metadata(&file).unwrap().len();
        fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(0).unwrap();
        fs::write(&file, vec![0xcc; length as usize]).unwrap();
        assert_eq!(found.serialize().unwrap(), code);
    }

    #[test]
    fn a_file_that_others_could_have_written_is_not_found_and_written_anew() {
        let home = tempfile::tempdir().unwrap();
        let cache = open(home.path()).unwrap();
        let engine = build_engine(true).unwrap();
        let (digest, component) = component(&engine);
        cache.keep(&digest, &component).unwrap();
        let file = only_file(home.path());
        for mode in [0o666, 0o620, 0o602] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert!(!is_found(&cache, &engine, &digest), "{mode:o}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(is_found(&cache, &engine, &digest));
        let elsewhere = tempfile::tempdir().unwrap();
        let other = elsewhere.path().join("planted");
        fs::rename(&file, &other).unwrap();
        std::os::unix::fs::symlink(&other, &file).unwrap();
        assert!(!is_found(&cache, &engine, &digest), "a link");
        cache.keep(&digest, &component).unwrap();
        assert!(fs::symlink_metadata(&file).unwrap().is_file());
        assert!(is_found(&cache, &engine, &digest));
    }

    #[test]
    fn a_directory_put_in_the_place_of_the_one_that_was_opened_is_not_looked_at() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("cache");
        let cache = open(&directory).unwrap();
        let engine = build_engine(true).unwrap();
        let (digest, component) = component(&engine);
        let planted = open(&home.path().join("planted")).unwrap();
        planted.keep(&digest, &component).unwrap();
        fs::rename(&directory, home.path().join("moved")).unwrap();
        fs::rename(home.path().join("planted"), &directory).unwrap();
        assert!(!is_found(&cache, &engine, &digest));
        cache.keep(&digest, &component).unwrap();
        assert!(only_file(&home.path().join("moved")).is_file());
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        let home = tempfile::tempdir().unwrap();
        for mode in [0o770, 0o702, 0o777] {
            fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
            let error = open(home.path()).unwrap_err();
            assert!(matches!(error, CacheError::NotPrivate { .. }), "{error}");
        }
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(open(home.path()).is_ok());
    }

    #[test]
    fn this_user_and_root_are_trusted_and_nobody_else() {
        let (me, other) = (1000, 1001);
        for (owner, mode, is_trusted) in [
            (me, 0o100600, true),
            (ROOT, 0o100644, true),
            (other, 0o100600, false),
            (me, 0o100660, false),
            (ROOT, 0o40777, false),
        ] {
            assert_eq!(distrust_of(owner, mode, me).is_none(), is_trusted, "{owner} {mode:o}");
        }
        assert!(distrust_of(me, 0o100600, ROOT).is_some(), "root trusts nobody but itself");
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_holds_nobody_up() {
        let home = tempfile::tempdir().unwrap();
        let cache = open(home.path()).unwrap();
        let pipe = home.path().join(cache.name(&[1; 32]));
        rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        let error = cache.find(&build_engine(true).unwrap(), &[1; 32]).unwrap_err().to_string();
        assert!(error.contains("is no file, so that somebody else could plant code in it; delete it"), "{error}");
    }

    /// A component like no other, compiled, and the bytes that are kept of it.
    fn numbered(engine: &Engine, number: u32) -> (Digest, Component, usize) {
        let (digest, component) =
            compile(engine, &format!("(component (core module (func (result i32) i32.const {number})))"));
        let length = component.serialize().unwrap().len() + HEAD_BYTES;
        (digest, component, length)
    }

    #[test]
    fn what_is_kept_fits_into_the_bytes_that_are_allowed_and_what_was_loaded_lately_stays() {
        let home = tempfile::tempdir().unwrap();
        let engine = build_engine(true).unwrap();
        let of = |number| numbered(&engine, number);
        let (first, second, third) = (of(1), of(2), of(3));
        let two = first.2 + second.2.max(third.2);
        let cache = open_with(home.path(), two).unwrap();
        cache.keep(&first.0, &first.1).unwrap();
        cache.keep(&second.0, &second.1).unwrap();
        assert!(is_found(&cache, &engine, &first.0) && is_found(&cache, &engine, &second.0));
        assert!(is_found(&cache, &engine, &first.0), "used last");
        cache.keep(&third.0, &third.1).unwrap();
        assert!(is_found(&cache, &engine, &first.0) && is_found(&cache, &engine, &third.0));
        assert!(!is_found(&cache, &engine, &second.0));
        drop(open_with(home.path(), two - 1).unwrap());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "a smaller allowance holds from the start");
    }

    #[test]
    fn what_is_larger_than_everything_may_be_is_not_kept_and_costs_nothing_else_its_place() {
        let home = tempfile::tempdir().unwrap();
        let engine = build_engine(true).unwrap();
        let (digest, component, length) = numbered(&engine, 1);
        let cache = open_with(home.path(), length).unwrap();
        cache.keep(&digest, &component).unwrap();
        let (larger, compiled) = compile(&engine, &format!("(component (core module {}))", "(func)".repeat(500)));
        let error = cache.keep(&larger, &compiled).unwrap_err().to_string();
        assert!(error.ends_with(&format!("sandbox.max_cache_bytes allows {length}")), "{error}");
        assert!(is_found(&cache, &engine, &digest));
        let tight = open_with(home.path(), length - 1).unwrap();
        assert!(tight.keep(&digest, &component).is_err(), "one byte too many");
        assert!(!is_found(&tight, &engine, &digest));
    }
}
