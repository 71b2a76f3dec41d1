//! What a component imports and exports, read from its bytes before anything is compiled: a component that will be
//! refused costs no compilation.

use wasmparser::{CanonicalFunction, CanonicalOption, Parser, Payload};

use super::error::LoadError;
use crate::text::escape_line;

/// The outside of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outside {
    /// Names of imports, in order.
    pub(super) imports: Vec<String>,
    /// Names of exports, in order.
    pub(super) exports: Vec<String>,
    /// Core modules, at any depth.
    pub(super) core_modules: usize,
}

/// Imports of a component, and exports of it.
const MAX_NAMES: u32 = 1_024;
/// Bytes kept of a name.
const MAX_NAME_BYTES: usize = 256;
/// The first bytes of any WebAssembly file.
const MAGIC: &[u8] = b"\0asm";

/// Reads the outside of a component.
///
/// # Errors
/// [`LoadError::NotWasm`], [`LoadError::CoreModule`], [`LoadError::TooComplex`], [`LoadError::Encoding`] or
/// [`LoadError::Malformed`].
pub(super) fn scan(bytes: &[u8]) -> Result<Outside, LoadError> {
    if !bytes.starts_with(MAGIC) {
        return Err(LoadError::NotWasm);
    }
    if Parser::is_core_wasm(bytes) {
        return Err(LoadError::CoreModule);
    }
    read(bytes)
}

fn malformed(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Malformed { reason: told(&error.to_string()) }
}

/// Nothing is read of a list that claims to be too long.
fn check_count(what: &'static str, claimed: u32) -> Result<(), LoadError> {
    let (found, max) = (claimed.into(), MAX_NAMES.into());
    if found > max { Err(LoadError::TooComplex { what, found, max }) } else { Ok(()) }
}

/// A name that may be shown: nothing has been validated yet.
fn told(name: &str) -> String {
    escape_line(name, MAX_NAME_BYTES)
}

fn read(bytes: &[u8]) -> Result<Outside, LoadError> {
    let mut outside = Outside::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::ModuleSection { .. } => {
                outside.core_modules += 1;
                depth += 1;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                check_count("imports", section.count().saturating_add(count(&outside.imports)))?;
                for import in section {
                    outside.imports.push(told(import.map_err(malformed)?.name.name));
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    check_encoding(&function.map_err(malformed)?)?;
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                check_count("exports", section.count().saturating_add(count(&outside.exports)))?;
                for export in section {
                    outside.exports.push(told(export.map_err(malformed)?.name.name));
                }
            }
            _ => {}
        }
    }
    Ok(outside)
}

/// Text crosses as UTF-8, inside of a component too: copying it between encodings is where engines had their worst bugs.
fn check_encoding(function: &CanonicalFunction) -> Result<(), LoadError> {
    let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) = function else {
        return Ok(());
    };
    let found = options.iter().find_map(|option| match option {
        CanonicalOption::UTF16 => Some("utf16"),
        CanonicalOption::CompactUTF16 => Some("latin1+utf16"),
        _ => None,
    });
    found.map_or(Ok(()), |found| Err(LoadError::Encoding { found }))
}

fn count(names: &[String]) -> u32 {
    u32::try_from(names.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_utf_8_is_refused_wherever_it_crosses() {
        let lowering = |encoding: &str| {
            format!(
                "(component (import \"f\" (func $f)) (core func (canon lower (func $f) string-encoding={encoding})))"
            )
        };
        let found = |text: &str| scan(&wat::parse_str(text).unwrap());
        assert!(found(&lowering("utf8")).is_ok());
        let inside = format!("(component {})", lowering("utf16"));
        for (text, encoding) in
            [(lowering("utf16"), "utf16"), (lowering("latin1+utf16"), "latin1+utf16"), (inside, "utf16")]
        {
            let error = found(&text).unwrap_err();
            assert!(matches!(error, LoadError::Encoding { found } if found == encoding), "{error}");
        }
    }

    #[test]
    fn a_component_with_too_many_names_is_refused_before_they_are_kept() {
        let exporting = |names: u32| {
            let exports: String = (0..names).map(|n| format!("(export \"n{n}\" (instance $i))")).collect();
            scan(&wat::parse_str(format!("(component (instance $i) {exports})")).unwrap())
        };
        assert_eq!(exporting(MAX_NAMES).unwrap().exports.len(), 1_024);
        let error = exporting(MAX_NAMES + 1).unwrap_err().to_string();
        assert!(error.starts_with("component has 1025 exports, allowed are 1024"), "{error}");
        // Two lists count together, and what only claims to be long is not read.
        let importing = |n: u32| format!("(import \"n{n}\" (func))");
        let text: String = (0..MAX_NAMES).map(importing).collect::<String>() + "(instance)" + &importing(MAX_NAMES);
        let error = scan(&wat::parse_str(format!("(component {text})")).unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("component has 1025 imports, allowed are 1024"), "{error}");
    }

    #[test]
    fn names_are_read_at_the_outside_only() {
        let bytes = wat::parse_str(
            r#"(component
                (import "a:b/c@0.1.0" (instance))
                (component (import "inner" (func)))
                (core module (import "m" "f" (func)))
                (core module)
                (instance $i)
                (export "d:e/f@0.1.0" (instance $i)))"#,
        )
        .unwrap();
        let outside = scan(&bytes).unwrap();
        assert_eq!(outside.imports, ["a:b/c@0.1.0"]);
        assert_eq!(outside.exports, ["d:e/f@0.1.0"]);
        assert_eq!(outside.core_modules, 2);
    }

    #[test]
    fn what_is_no_component_is_named() {
        assert!(matches!(scan(b""), Err(LoadError::NotWasm)));
        assert!(matches!(scan(b"(component)"), Err(LoadError::NotWasm)));
        assert!(matches!(scan(&wat::parse_str("(module)").unwrap()), Err(LoadError::CoreModule)));
        let whole = wat::parse_str("(component (core module (func)))").unwrap();
        for length in 8..whole.len() {
            match scan(&whole[..length]) {
                Err(LoadError::Malformed { .. }) | Ok(_) => {}
                other => panic!("{length} bytes: {other:?}"),
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes: Vec<u8>, at: usize) {
            let mut whole = wat::parse_str(r#"(component (import "a" (func)) (core module (func)))"#).unwrap();
            let at = at % whole.len();
            whole.truncate(at);
            whole.append(&mut bytes);
            let _ = scan(&whole);
        }
    }
}
