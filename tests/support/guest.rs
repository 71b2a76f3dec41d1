//! Guests of the guests' own workspace, as files.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Path of a guest's component, built if need be: the name of a package in `guests/`.
///
/// # Panics
/// If it does not build; the compiler's words are on standard error.
pub fn guest(name: &str) -> PathBuf {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests");
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--locked", "--release", "--target", "wasm32-wasip2", "-p", name]);
    // The guests keep their own target folder, so that their build never waits for the outer one.
    build.current_dir(&guests).env("CARGO_TARGET_DIR", guests.join("target"));
    for inherited in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER"] {
        build.env_remove(inherited);
    }
    let status = build.status().expect("cargo");
    assert!(status.success(), "guest {name} does not build");
    let file = guests.join(format!("target/wasm32-wasip2/release/{}.wasm", name.replace('-', "_")));
    assert!(file.exists(), "{} is missing", file.display());
    file
}
