//! Holds the directory to its bytes: what was used longest ago goes first.
//!
//! Constraints: nothing is deleted but regular files of names that only this program gives; nothing else is counted. When
//! a file was last used is the time of its last change, which `cache` sets when it loads one: times of access are not
//! kept everywhere. Several processes may do this in one directory at once: a file that is gone already is no error, one
//! that was opened before stays whole for who opened it, and who writes last sees all. A file that a dead process left
//! half written goes after an hour.

use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    time::{Duration, SystemTime},
};

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags, openat, unlinkat},
    io::Errno,
};

/// After which nobody is still writing.
const ABANDONED: Duration = Duration::from_secs(3600);
/// Hexadecimal digits of a component's digest, which every name begins with.
const DIGEST_DIGITS: usize = 64;
/// How the names of artifacts end.
pub(super) const ENDING: &str = ".cwasm";

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Compiled code.
    Artifact,
    /// Compiled code that is being written.
    Temporary,
}

/// A file of ours.
#[derive(Debug)]
struct Kept {
    name: String,
    bytes: u64,
    used: SystemTime,
}

/// Deletes what was used longest ago until no more than `max_bytes` are left. `newest` stays whatever its time says.
///
/// # Errors
/// If the directory cannot be read, or a file cannot be deleted; the others are all the same.
pub(super) fn evict(directory: &OwnedFd, max_bytes: u64, newest: Option<&str>) -> io::Result<()> {
    let mut kept = Vec::new();
    let mut result = Ok(());
    let now = SystemTime::now();
    for (kind, file) in files_of_ours(directory)? {
        match kind {
            Kind::Artifact => kept.push(file),
            Kind::Temporary if now.duration_since(file.used).is_ok_and(|age| age > ABANDONED) => {
                result = result.and(delete(directory, &file.name));
            }
            Kind::Temporary => {}
        }
    }
    // Of files of the same moment every process deletes the same first.
    kept.sort_by(|left, right| (left.used, &left.name).cmp(&(right.used, &right.name)));
    let mut total = kept.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
    for file in kept.iter().filter(|file| newest != Some(file.name.as_str())) {
        if total <= max_bytes {
            break;
        }
        match delete(directory, &file.name) {
            Ok(()) => total = total.saturating_sub(file.bytes),
            Err(error) => result = result.and(Err(error)),
        }
    }
    result
}

fn files_of_ours(directory: &OwnedFd) -> io::Result<Vec<(Kind, Kept)>> {
    let mut files = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let Some((name, kind)) = entry.file_name().to_str().ok().and_then(|name| Some((name, kind_of(name)?))) else {
            continue;
        };
        // Neither followed nor waited for, should it be a link or a pipe; deleted meanwhile, or not ours to read.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(directory, name, flags, Mode::empty()).map(File::from) else { continue };
        let Ok(metadata) = file.metadata() else { continue };
        if metadata.is_file() {
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push((kind, Kept { name: name.to_owned(), bytes: metadata.len(), used }));
        }
    }
    Ok(files)
}

fn delete(directory: &OwnedFd, name: &str) -> io::Result<()> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What a file of this name is; none if it is not ours.
fn kind_of(name: &str) -> Option<Kind> {
    let (digest, rest) = name.split_at_checked(DIGEST_DIGITS)?;
    if !digest.bytes().all(is_digit) || !rest.starts_with('-') {
        return None;
    }
    if rest.ends_with(ENDING) {
        return Some(Kind::Artifact);
    }
    let (_, tail) = rest.rsplit_once(&format!("{ENDING}."))?;
    let (process, random) = tail.split_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(is_digit);
    (is_number(process) && is_number(random)).then_some(Kind::Temporary)
}

/// Whether it is a lower-case hexadecimal digit.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const NEWEST: &str = "9";

    /// The name of the artifact of a component whose digest is full of `digit`.
    fn artifact(digit: &str) -> String {
        format!("{}-x86_64-linux-0.1.0{ENDING}", digit.repeat(DIGEST_DIGITS))
    }

    fn open(home: &Path) -> OwnedFd {
        File::open(home).unwrap().into()
    }

    /// A file of so many bytes that was used so many seconds ago.
    fn write(home: &Path, name: &str, bytes: usize, seconds_ago: u64) {
        let path = home.join(name);
        fs::write(&path, vec![0; bytes]).unwrap();
        let used = SystemTime::now() - Duration::from_secs(seconds_ago);
        File::options().write(true).open(path).unwrap().set_modified(used).unwrap();
    }

    fn names(home: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_bytes_hold_at_their_edge_and_what_was_used_longest_ago_goes_first() {
        for (max, left) in [(301, 3), (300, 3), (299, 2), (200, 2), (199, 1), (100, 1), (99, 0), (0, 0)] {
            let home = tempfile::tempdir().unwrap();
            for (digit, age) in [("1", 20), ("2", 30), ("3", 10)] {
                write(home.path(), &artifact(digit), 100, age);
            }
            evict(&open(home.path()), max, None).unwrap();
            let by_last_use = ["3", "1", "2"];
            let mut expected: Vec<_> = by_last_use[..left].iter().map(|digit| artifact(digit)).collect();
            expected.sort();
            assert_eq!(names(home.path()), expected, "{max} bytes");
        }
    }

    #[test]
    fn what_was_written_just_now_stays_even_if_the_clock_was_set_back() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), &artifact("1"), 100, 10);
        write(home.path(), &artifact(NEWEST), 100, 1_000);
        evict(&open(home.path()), 100, Some(&artifact(NEWEST))).unwrap();
        assert_eq!(names(home.path()), [artifact(NEWEST)]);
    }

    #[test]
    fn nothing_is_deleted_that_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let digest = "a".repeat(DIGEST_DIGITS);
        let foreign = [
            "notes.cwasm".to_owned(),
            format!("{digest}.cwasm"),
            format!("{digest}-x86_64-linux-0.1.0.wasm"),
            format!("{}-x86_64-linux-0.1.0.cwasm", "A".repeat(DIGEST_DIGITS)),
            format!("{}-x86_64-linux-0.1.0.cwasm", &digest[1..]),
            format!("{digest}-x86_64-linux-0.1.0.cwasm.bak"),
            format!("{digest}-x86_64-linux-0.1.0.cwasm.12-"),
        ];
        for name in &foreign {
            write(home.path(), name, 100, 1_000_000);
        }
        // Of our names, but a folder, and a link to a file elsewhere.
        fs::create_dir(home.path().join(artifact("1"))).unwrap();
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), home.path().join(artifact("2"))).unwrap();
        let before = names(home.path());
        evict(&open(home.path()), 0, None).unwrap();
        assert_eq!(names(home.path()), before);
        assert!(elsewhere.path().exists());
    }

    #[test]
    fn what_a_dead_process_left_half_written_goes_after_an_hour_and_not_before() {
        let home = tempfile::tempdir().unwrap();
        let (old, young) = (format!("{}.12-ab", artifact("1")), format!("{}.13-cd", artifact("1")));
        write(home.path(), &old, 100, 3_610);
        write(home.path(), &young, 100, 3_500);
        evict(&open(home.path()), 0, None).unwrap();
        assert_eq!(names(home.path()), [young]);
    }

    #[test]
    fn many_at_once_hold_one_directory_to_its_bytes_and_none_fails() {
        let home = tempfile::tempdir().unwrap();
        for digit in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b"] {
            write(home.path(), &artifact(digit), 100, 60);
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| evict(&open(home.path()), 500, None))).collect();
            for thread in threads {
                thread.join().unwrap().unwrap();
            }
        });
        assert_eq!(names(home.path()).len(), 5, "each deletes the same ones");
    }
}
