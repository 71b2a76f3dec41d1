//! How tangled one function is.
//!
//! | of a function | cap | CPython | StarlingMonkey | ours |
//! |---|---|---|---|---|
//! | bytes | 1 MiB | 426,843 | 171,628 | 18,305 |
//! | locals, parameters included | 5,000 | 271 | 483 | 68 |
//! | blocks in each other | 10,000 | 781 | 497 | 42 |
//! | loops in each other | 32 | 6 | 6 | 5 |
//! | operands waiting on the stack | 1,024 | 54 | 64 | 14 |
//! | branches | 32,768 | 8,557 | 8,341 | 896 |
//! | targets of branch tables | 65,536 | 15,805 | 863 | 226 |
//! | branches times locals | 4,000,000 | 175,680 | 434,198 | 63,616 |

use wasmparser::{FuncValidator, FunctionBody, Operator, OperatorsReader, WasmModuleResources};

use super::count::within;
use crate::sandbox::error::LoadError;

const MAX_BYTES: u64 = 1 << 20;
const MAX_LOCALS: u64 = 5_000;
const MAX_BLOCKS: u64 = 10_000;
const MAX_LOOPS: u64 = 32;
const MAX_OPERANDS: u64 = 1_024;
const MAX_BRANCHES: u64 = 32_768;
const MAX_TARGETS: u64 = 65_536;
const MAX_TANGLE: u64 = 4_000_000;

/// What is in one function; the deepest of what is nested.
#[derive(Debug, Default)]
pub(super) struct FunctionTally {
    locals: u64,
    blocks: u64,
    loops: u64,
    operands: u64,
    branches: u64,
    targets: u64,
}

/// The size, before the function is read.
///
/// # Errors
/// [`LoadError::TooComplex`] if it is too large.
pub(super) fn check_size(body: &FunctionBody<'_>) -> Result<(), LoadError> {
    within("bytes in one function", body.range().len() as u64, MAX_BYTES)
}

impl FunctionTally {
    /// Reads a function.
    ///
    /// # Errors
    /// If it is not valid.
    pub(super) fn count<T: WasmModuleResources>(
        function: &mut FuncValidator<T>,
        body: &FunctionBody<'_>,
    ) -> wasmparser::Result<Self> {
        let mut reader = body.get_binary_reader();
        function.read_locals(&mut reader)?;
        let mut tally = Self { locals: function.len_locals().into(), ..Self::default() };
        let mut open = Open::default();
        let mut operators = OperatorsReader::new(reader);
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            function.op(offset, &operator)?;
            open.follow(&operator);
            tally.add(&operator);
            tally.blocks = tally.blocks.max(open.blocks.len() as u64);
            tally.loops = tally.loops.max(open.loops);
            tally.operands = tally.operands.max(function.operand_stack_height().into());
        }
        operators.finish()?;
        Ok(tally)
    }

    /// Checks every cap.
    ///
    /// # Errors
    /// [`LoadError::TooComplex`] for the first that is passed.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        within("locals in one function", self.locals, MAX_LOCALS)?;
        within("blocks in each other in one function", self.blocks, MAX_BLOCKS)?;
        within("loops in each other", self.loops, MAX_LOOPS)?;
        within("operands on the stack of one function", self.operands, MAX_OPERANDS)?;
        within("branches in one function", self.branches, MAX_BRANCHES)?;
        within("targets of branch tables in one function", self.targets, MAX_TARGETS)?;
        within("branches times locals in one function", self.tangle(), MAX_TANGLE)
    }

    /// About as many live values as the compiler has to keep apart.
    pub(super) fn tangle(&self) -> u64 {
        self.branches.saturating_mul(self.locals.max(1))
    }

    fn add(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
            | Operator::Br { .. }
            | Operator::BrIf { .. } => self.branches += 1,
            Operator::BrTable { targets } => {
                self.branches += 1;
                self.targets += u64::from(targets.len());
            }
            _ => {}
        }
    }
}

/// The blocks around an operator, outermost first, and which of them are loops.
#[derive(Debug, Default)]
struct Open {
    blocks: Vec<bool>,
    loops: u64,
}

impl Open {
    fn follow(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Loop { .. } => {
                self.blocks.push(true);
                self.loops += 1;
            }
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => self.blocks.push(false),
            Operator::End => self.loops -= u64::from(self.blocks.pop() == Some(true)),
            _ => {}
        }
    }
}
