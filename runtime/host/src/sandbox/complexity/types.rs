//! Types in types, counted without following them down.
//!
//! Whoever reads a type whole follows it: wasmparser's readers do, and three bytes are enough for one more type inside, so
//! that a few hundred kilobytes would end the process by its stack. Here the types around are kept in a list. The formats
//! are those of the component model's `Binary.md`, section "Type Definitions".

use wasmparser::{BinaryReader, ComponentImport, ComponentType, InstanceTypeDeclaration, Result};

use super::count::{Count, within};
use crate::sandbox::error::LoadError;

/// Types of components and instances in each other.
pub(super) const MAX_DEPTH: u64 = 32;

/// First bytes of a type that has declarations inside: of a component, of an instance.
const WITH_INSIDE: [u8; 2] = [0x41, 0x42];
/// First byte of a declaration that is a type.
const TYPE: u8 = 0x01;
/// First byte of a declaration that is an import; only types of components have some.
const IMPORT: u8 = 0x03;

/// Adds what is declared inside the types of a section, at any depth, to `types`. The bytes begin with the number of types.
///
/// # Errors
/// [`LoadError::TooComplex`] if that is too much or too deep; what `malformed` makes of bytes that are no types.
pub(super) fn count(
    section: &[u8],
    types: &mut Count,
    malformed: impl Fn(wasmparser::BinaryReaderError) -> LoadError,
) -> std::result::Result<(), LoadError> {
    let mut reader = BinaryReader::new(section, 0);
    // How many are left to be read: of the section, then of each type around, the innermost at the end.
    let mut left = vec![reader.read_var_u32().map_err(&malformed)?];
    while let Some(here) = left.last_mut() {
        let Some(rest) = here.checked_sub(1) else {
            left.pop();
            continue;
        };
        *here = rest;
        let is_inside = left.len() > 1;
        if let Some(inside) = read(&mut reader, is_inside).map_err(&malformed)? {
            types.add(inside.into())?;
            within("types in each other", left.len() as u64, MAX_DEPTH)?;
            left.push(inside);
        }
    }
    Ok(())
}

/// Reads a type, or a declaration inside of one, up to what is inside of it. Answers how many declarations that are.
fn read(reader: &mut BinaryReader<'_>, is_inside: bool) -> Result<Option<u32>> {
    if is_inside {
        match first(reader)? {
            TYPE => skip(reader)?,
            IMPORT => {
                skip(reader)?;
                return reader.read::<ComponentImport<'_>>().map(|_| None);
            }
            _ => return reader.read::<InstanceTypeDeclaration<'_>>().map(|_| None),
        }
    }
    if WITH_INSIDE.contains(&first(reader)?) {
        skip(reader)?;
        return reader.read_var_u32().map(Some);
    }
    reader.read::<ComponentType<'_>>().map(|_| None)
}

/// The next byte, which is still to be read.
fn first(reader: &BinaryReader<'_>) -> Result<u8> {
    reader.clone().read_u8()
}

fn skip(reader: &mut BinaryReader<'_>) -> Result<()> {
    reader.read_u8().map(drop)
}
