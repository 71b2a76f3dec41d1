//! Finds the components that `src/lib.rs` carries: in the repository it compiles them from `guests/`, in a package they lie
//! in `components/`, where the script `fill` put them, and no compiler for WebAssembly is needed.
//!
//! Constraints: the sources win where they are, so that a stale component is never taken for a fresh one; the guests are
//! a workspace of their own with a target folder of their own, whatever `CARGO_TARGET_DIR` the outer build has (one cargo
//! waiting for the lock of the other would never end); nothing of the outer build's flags, wrappers or profile reaches
//! them (clippy, coverage and sanitizers are for the host); the outer toolchain and lock files decide every version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use sha2::{Digest, Sha256};

/// Packages in `guests/`; also the names in `builtin:NAME`.
const GUESTS: [&str; 5] = ["console", "faulty", "otlp", "webhook", "zipkin"];
const TARGET: &str = "wasm32-wasip2";

/// Variables of the outer build, by prefix, that must not reach the guests.
const REMOVED: &[&str] =
    &["CARGO", "CLIPPY_", "LLVM_PROFILE", "MAKEFLAGS", "MFLAGS", "NUM_JOBS", "RUSTC", "RUSTDOC", "RUSTFLAGS"];
/// Exceptions: where cargo keeps things, and how it reaches the network.
const KEPT: &[&str] = &["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_", "CARGO_SOURCE_"];

fn main() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guests = package.join("../../guests");
    println!("cargo:rerun-if-changed=build.rs");
    let components = if guests.join("Cargo.toml").is_file() {
        // Relative, so that two checkouts that share a target folder do not take each other's components for their own.
        for path in ["guests/Cargo.toml", "guests/Cargo.lock", "guests/exporters", "guests/faulty", "sdk/rust", "wit"] {
            println!("cargo:rerun-if-changed=../../{path}");
        }
        demand_target();
        build(&guests)
    } else {
        println!("cargo:rerun-if-changed=components");
        packaged(&package.join("components"))
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut table = String::from("&[\n");
    for (name, component) in GUESTS.iter().zip(components) {
        let copy = out.join(format!("{name}.wasm"));
        fs::copy(&component, &copy).unwrap_or_else(|error| stop(&format!("{}: {error}", component.display())));
        let bytes = fs::read(&copy).unwrap_or_else(|error| stop(&format!("{}: {error}", copy.display())));
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        table.push_str(&format!("    ({name:?}, include_bytes!({:?}), {digest:?}),\n", copy.display()));
    }
    table.push(']');
    fs::write(out.join("components.rs"), table).unwrap_or_else(|error| stop(&format!("components.rs: {error}")));
}

/// Ends the build with words that mend it instead of a panic's.
fn stop(message: &str) -> ! {
    println!("cargo::error={message}");
    std::process::exit(1)
}

/// The components that were packaged, in the order of [`GUESTS`].
fn packaged(components: &Path) -> Vec<PathBuf> {
    let files: Vec<PathBuf> = GUESTS.iter().map(|name| components.join(format!("{name}.wasm"))).collect();
    if let Some(missing) = files.iter().find(|file| !file.is_file()) {
        stop(&format!("{} is missing: run runtime/builtin/fill in the repository before packaging", missing.display()));
    }
    files
}

/// The standard library for the guests' target must be installed: the compiler's own message does not say how.
fn demand_target() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let is_installed = answer.is_ok_and(|answer| {
        let folder = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
        fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
    });
    if !is_installed {
        stop(&format!("the built-in exporters need the compilation target {TARGET}; run: rustup target add {TARGET}"));
    }
}

/// Builds all guests in one go; the components, in the order of [`GUESTS`].
fn build(guests: &Path) -> Vec<PathBuf> {
    let target_dir = guests.join("target");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--locked", "--target", TARGET, "--manifest-path"]);
    command.arg(guests.join("Cargo.toml")).arg("--target-dir").arg(&target_dir);
    command.args(GUESTS.iter().flat_map(|name| ["--package", name]));
    command.current_dir(guests).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let starts_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        if starts_with(REMOVED) && !starts_with(KEPT) {
            command.env_remove(&*name);
        }
    }
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            stop("the built-in exporters in guests/ do not compile; the compiler's words are above");
        }
        Err(error) => stop(&format!("cargo did not start for guests/: {error}")),
    }
    GUESTS.iter().map(|name| target_dir.join(TARGET).join("release").join(format!("{name}.wasm"))).collect()
}
