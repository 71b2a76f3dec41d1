//! A component that is sound, within every cap, and takes the compiler long.

use bytes::Bytes;

/// Blocks of a function and its locals: about as many values at once as a function may have.
const BLOCKS: usize = 7_900;
const LOCALS: usize = 250;
/// Of such functions.
const FUNCTIONS: usize = 15;
/// The section of a component that holds a core module.
const CORE_MODULE: u8 = 1;

/// The built-in `console`, with a core module behind it that nothing ever instantiates.
///
/// # Panics
/// If there is no `console` built in.
pub fn dear_component() -> Bytes {
    let blocks: String = (0..BLOCKS)
        .map(|at| {
            format!("(block (br_if 0 (local.get {0})) (local.set {0} (local.get {1})))", at % LOCALS, (at + 7) % LOCALS)
        })
        .collect();
    let function = format!("(func (local {}) {blocks})", "i32 ".repeat(LOCALS));
    let module = wat::parse_str(format!("(module {})", function.repeat(FUNCTIONS))).expect("a sound module");
    let mut bytes = spangate_builtin::component("console").expect("console is built in").to_vec();
    bytes.push(CORE_MODULE);
    bytes.extend(leb128(module.len()));
    bytes.extend(module);
    bytes.into()
}

/// A number as WebAssembly writes it.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
