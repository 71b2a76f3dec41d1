//! A released WIT track never changes. `wit/FROZEN` holds a line `TRACK HASH` for each; see there how it is made.

use std::{fs, path::Path};

use sha2::{Digest, Sha256};

use super::{assert_none, source::root};

/// SHA-256 over the folder's files by name: name, a zero byte, length as eight bytes (big endian), content.
fn hash(track: &Path) -> String {
    let mut files: Vec<_> = fs::read_dir(track)
        .expect("a track is a folder")
        .map(|entry| entry.expect("a readable entry").file_name().into_string().expect("a name in UTF-8"))
        .collect();
    files.sort();
    let mut hasher = Sha256::new();
    for name in files {
        let content = fs::read(track.join(&name)).expect("a readable file");
        hasher.update(name.as_bytes());
        hasher.update([0]);
        hasher.update((content.len() as u64).to_be_bytes());
        hasher.update(&content);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with the tracks that `list` calls frozen.
fn thawed(wit: &Path, list: &str) -> Vec<String> {
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let check = |line: &str| {
        let Some((track, frozen)) = line.split_once(' ') else { return Some(format!("`{line}` is not TRACK HASH")) };
        if !wit.join(track).is_dir() {
            return Some(format!("{track} is frozen and gone"));
        }
        let now = hash(&wit.join(track));
        (now != frozen.trim()).then(|| format!("{track} is frozen at {frozen} and now hashes to {now}"))
    };
    lines.filter_map(check).collect()
}

#[test]
fn a_released_track_never_changes() {
    let wit = root().join("wit");
    let list = fs::read_to_string(wit.join("FROZEN")).expect("wit/FROZEN");
    assert_none("frozen tracks", &thawed(&wit, &list));
}

#[test]
fn every_track_says_which_version_it_is() {
    let tracks = fs::read_dir(root().join("wit")).expect("wit").map(|entry| entry.expect("an entry").path());
    let tracks: Vec<_> = tracks.filter(|path| path.is_dir()).collect();
    assert!(!tracks.is_empty());
    for track in tracks {
        let version = track.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix('v'));
        let line = format!("package spangate:exporter@{}.", version.expect("a folder like v0.1"));
        for file in fs::read_dir(&track).expect("a track").map(|entry| entry.expect("an entry").path()) {
            let text = fs::read_to_string(&file).expect("WIT");
            assert!(text.starts_with(&line), "{} does not begin with {line}", file.display());
        }
    }
}

#[test]
fn a_changed_added_renamed_or_missing_file_thaws_a_track() {
    let folder = tempfile::tempdir().expect("a folder");
    let track = folder.path().join("v9.9");
    let write = |name: &str, text: &str| fs::write(track.join(name), text).expect("a file");
    fs::create_dir(&track).expect("a folder");
    write("a.wit", "one");
    write("b.wit", "two");
    let list = format!("# word\n\nv9.9 {}\n", hash(&track));
    let is_thawed = || !thawed(folder.path(), &list).is_empty();
    assert!(!is_thawed());
    write("b.wit", "twO");
    assert!(is_thawed());
    write("b.wit", "two");
    write("c.wit", "");
    assert!(is_thawed());
    fs::remove_file(track.join("c.wit")).expect("removed");
    assert!(!is_thawed());
    fs::rename(track.join("b.wit"), track.join("d.wit")).expect("renamed");
    assert!(is_thawed());
    assert_eq!(thawed(folder.path(), "v8.8 00\nnonsense\n").len(), 2);
}
