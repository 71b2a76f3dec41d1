//! Whether a component is simple enough to be compiled here: counted from its bytes before the compiler sees them.
//!
//! The compiler takes more than linear time, and memory, for what a few bytes can ask for: 200 loops in each other that
//! share 200 locals are three kilobytes and half a minute. A size limit alone is therefore no limit. What toolchains emit
//! is far from these caps; measured were CPython with its library (`componentize-py` 0.25, 18 MB) and StarlingMonkey, the
//! JavaScript engine of `componentize-js` 0.23 (11 MB, 12 MB prepared for specialising):
//!
//! | of a component | cap | CPython | StarlingMonkey | ours |
//! |---|---|---|---|---|
//! | functions | 100,000 | 13,351 | 19,852 | 531 |
//! | core modules, components | 64 | 14 | | 5 |
//! | instances | 512 | 65 | | 26 |
//! | types, and what is declared inside of them | 20,000 | 1,212 | 174 | 127 |
//! | types in each other | 32 | | | 1 |
//! | instances, unfolded | 100,000 | | | 26 |
//! | imports and exports, inner ones too | 100,000 | 6,499 | 120 | 205 |
//! | globals | 20,000 | 874 | 7 | 45 |
//! | data segments | 50,000 | 1,787 | 6,714 | 2 |
//! | table elements in segments | 200,000 | 5,756 | 7,689 | 158 |
//! | aliases and adapted functions | 100,000 | 1,457 | | 177 |
//! | components in each other | 16 | 1 | | 1 |
//! | branches, each times its function's locals | 60,000,000 | 4,650,732 | 8,839,929 | 180,390 |
//!
//! Those of a single function are in `function`. They bound the memory of a compilation to about a gigabyte. They bound its
//! time to minutes at worst, on one thread of low priority, and one compilation runs at a time.

mod count;
mod function;
mod types;
mod unfolding;

use wasmparser::{ElementItems, FuncValidatorAllocations, Parser, Payload, ValidPayload, Validator, WasmFeatures};

use self::{count::Count, function::FunctionTally, unfolding::Unfolding};
use super::{component::MAX_REASON_BYTES, error::LoadError};
use crate::text::escape_line;

/// What is inside a component, all levels together.
struct Tally {
    depth: Count,
    modules: Count,
    functions: Count,
    instances: Count,
    types: Count,
    names: Count,
    globals: Count,
    data: Count,
    elements: Count,
    aliases: Count,
    tangle: Count,
    unfolding: Unfolding,
}

/// Checks every cap, and on the way that the component is valid.
///
/// # Errors
/// [`LoadError::TooComplex`] for the first cap that is passed, [`LoadError::Malformed`] for what is not valid.
pub(super) fn check(bytes: &[u8]) -> Result<(), LoadError> {
    let malformed = |error: wasmparser::BinaryReaderError| LoadError::Malformed {
        reason: escape_line(&error.to_string(), MAX_REASON_BYTES),
    };
    // What the engine does not take is told by the engine.
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut allocations = FuncValidatorAllocations::default();
    let mut tally = Tally::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        tally.add(&payload)?;
        if let Payload::ComponentTypeSection(section) = &payload {
            types::count(bytes.get(section.range()).unwrap_or_default(), &mut tally.types, malformed)?;
        }
        if let ValidPayload::Func(function, body) = validator.payload(&payload).map_err(malformed)? {
            function::check_size(&body)?;
            let mut function = function.into_validator(allocations);
            let counted = FunctionTally::count(&mut function, &body).map_err(malformed)?;
            counted.check()?;
            tally.tangle.add(counted.tangle())?;
            allocations = function.into_allocations();
        }
    }
    Ok(())
}

impl Tally {
    fn new() -> Self {
        Self {
            depth: Count::new("components in each other", 16),
            modules: Count::new("core modules and components inside", 64),
            functions: Count::new("functions", 100_000),
            instances: Count::new("instances inside", 512),
            types: Count::new("types", 20_000),
            names: Count::new("imports and exports, inner ones included", 100_000),
            globals: Count::new("globals", 20_000),
            data: Count::new("data segments", 50_000),
            elements: Count::new("table elements in segments", 200_000),
            aliases: Count::new("aliases and adapted functions", 100_000),
            tangle: Count::new("branches in all functions, each times its function's locals", 60_000_000),
            unfolding: Unfolding::new(),
        }
    }

    /// Counts are those that the bytes claim: nothing is read that would be too much.
    fn add(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        self.unfolding.add(payload)?;
        match payload {
            Payload::ModuleSection { .. } => {
                self.depth.add(1)?;
                self.modules.add(1)
            }
            Payload::ComponentSection { .. } => {
                self.depth.add(1)?;
                self.modules.add(1)
            }
            Payload::End(_) => {
                self.depth.subtract(1);
                Ok(())
            }
            Payload::FunctionSection(section) => self.functions.add(section.count().into()),
            Payload::TypeSection(section) => self.types.add(section.count().into()),
            Payload::CoreTypeSection(section) => self.types.add(section.count().into()),
            Payload::ComponentTypeSection(section) => self.types.add(section.count().into()),
            Payload::ImportSection(section) => self.names.add(section.count().into()),
            Payload::ExportSection(section) => self.names.add(section.count().into()),
            Payload::ComponentImportSection(section) => self.names.add(section.count().into()),
            Payload::ComponentExportSection(section) => self.names.add(section.count().into()),
            Payload::InstanceSection(section) => self.instances.add(section.count().into()),
            Payload::ComponentInstanceSection(section) => self.instances.add(section.count().into()),
            Payload::ComponentAliasSection(section) => self.aliases.add(section.count().into()),
            Payload::ComponentCanonicalSection(section) => self.aliases.add(section.count().into()),
            Payload::GlobalSection(section) => self.globals.add(section.count().into()),
            Payload::DataSection(section) => self.data.add(section.count().into()),
            Payload::ElementSection(section) => {
                // Segments without an element cost something as well.
                self.elements.add(section.count().into())?;
                section.clone().into_iter().flatten().try_for_each(|segment| {
                    self.elements.add(match segment.items {
                        ElementItems::Functions(functions) => functions.count().into(),
                        ElementItems::Expressions(_, expressions) => expressions.count().into(),
                    })
                })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Result<(), LoadError> {
        check(&wat::parse_str(format!("(component {text})")).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Checks that `make` passes with `max` of something and not with one more.
    fn expect_edge(what: &str, max: usize, make: impl Fn(usize) -> String) {
        check_text(&make(max)).unwrap_or_else(|error| panic!("{error}"));
        let expected = format!("component has {} {what}, allowed are {max}: ", max + 1);
        match check_text(&make(max + 1)) {
            Err(LoadError::TooComplex { what: found, .. }) if found == what => {}
            other => panic!("{expected}, not {other:?}"),
        }
        let error = check_text(&make(max + 1)).unwrap_err().to_string();
        assert!(error.starts_with(&expected), "{error}");
    }

    fn module(text: &str) -> String {
        format!("(core module {text})")
    }

    #[test]
    fn what_a_component_is_made_of_is_capped() {
        expect_edge("core modules and components inside", 64, |n| "(core module)".repeat(n));
        expect_edge("components in each other", 16, |n| "(component ".repeat(n) + &")".repeat(n));
        expect_edge("instances inside", 512, |n| "(instance)".repeat(n / 2) + &"(core instance)".repeat(n - n / 2));
        expect_edge("functions", 100_000, |n| module(&"(func)".repeat(n)));
        expect_edge("types", 20_000, |n| "(type (list u8))".repeat(n - 1) + "(core module (type (func)))");
        expect_edge("globals", 20_000, |n| module(&"(global i32 (i32.const 0))".repeat(n)));
        expect_edge("data segments", 50_000, |n| module(&"(data)".repeat(n)));
        // The segment itself counts as one.
        let elements = |n| module(&format!("(func $f) (elem func {})", "$f ".repeat(n - 1)));
        expect_edge("table elements in segments", 200_000, elements);
        let exports = |n| (0..n).map(|n| format!("(export \"{n}\" (func 0))")).collect::<String>();
        let names = |n| module(&format!("(import \"a\" \"b\" (func)) {}", exports(n - 1)));
        expect_edge("imports and exports, inner ones included", 100_000, names);
        let aliases = "(alias core export $i \"f\" (core func))";
        let aliased = |n| {
            format!("(core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) {}", aliases.repeat(n))
        };
        expect_edge("aliases and adapted functions", 100_000, aliased);
    }

    #[test]
    fn what_is_declared_inside_of_types_counts_as_types_do() {
        let inside = |n| format!("(type (component {}))", "(type u8)".repeat(n - 1));
        expect_edge("types", 20_000, inside);
        expect_edge("types in each other", 32, |n| "(type (instance ".repeat(n) + &"))".repeat(n));
        // Every kind of declaration, many a time.
        let all = "(type (component
            (type $t (record (field \"a\" u8))) (type $f (func (param \"p\" string) (result u32)))
            (core type $c (func (param i32))) (core type $m (module (import \"a\" \"b\" (func)) (export \"c\" (func))))
            (import \"i\" (instance (export \"e\" (type (sub resource))))) (alias outer 1 $outer (type $o))
            (export \"f\" (func (type $f)))))";
        check_text(&("(type $outer u8)".to_owned() + &all.repeat(100))).unwrap();
    }

    /// A section of types in each other, three bytes each, in a component.
    fn nested_types(depth: usize) -> Vec<u8> {
        let leb = |mut number: usize| {
            let mut bytes = Vec::new();
            while number >= 0x80 {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
            bytes
        };
        let section = [vec![1], [0x41, 1, 1].repeat(depth), vec![0x41, 0]].concat();
        [b"\0asm\x0d\0\x01\0\x07".to_vec(), leb(section.len()), section].concat()
    }

    #[test]
    fn types_in_each_other_do_not_end_the_process() {
        check(&nested_types(31)).unwrap();
        for depth in [32, 1_000, 1_000_000] {
            let error = check(&nested_types(depth)).unwrap_err().to_string();
            assert!(error.starts_with("component has 33 types in each other, allowed are 32: "), "{error}");
        }
        let truncated = nested_types(20);
        let error = check(&truncated[..truncated.len() - 5]).unwrap_err();
        assert!(matches!(error, LoadError::Malformed { .. }), "{error}");
    }

    #[test]
    fn instances_are_counted_as_if_unfolded() {
        // A shell makes so many instances of the one before, which all stand side by side.
        let shell = |instances: usize, of: usize| {
            format!("(component $c{} {})", of + 1, format!("(instance (instantiate $c{of}))").repeat(instances))
        };
        let module = "(component $c0 (core module $m) (core instance (instantiate $m)))";
        let shell_of = |instances: usize| "(instance (instantiate $c0))".repeat(instances);
        let shells = |counts: &[usize], last: &str| {
            let inner: String = counts.iter().enumerate().map(|(at, count)| shell(*count, at)).collect();
            check_text(&(module.to_owned() + &inner + last))
        };
        let ten = "(instance (instantiate $c4))".repeat(10);
        shells(&[10, 10, 10, 10], &ten).unwrap();
        let one_more = format!("{ten} (core module $n) (core instance (instantiate $n))");
        let error = shells(&[10, 10, 10, 10], &one_more).unwrap_err().to_string();
        let expected = "component has 100001 instances when all that is inside is unfolded, allowed are 100000: ";
        assert!(error.starts_with(expected), "{error}");
        assert!(shells(&[16; 20], "").is_err(), "more than there are numbers for");
        // In each other, too.
        let nested = |instances: usize| {
            let around = |inside: String, at: usize| {
                format!("(component $c{at} {inside}) {}", format!("(instance (instantiate $c{at}))").repeat(instances))
            };
            check_text(&(1..=2).fold(format!("{module} {}", shell_of(instances)), around))
        };
        nested(46).unwrap();
        let error = nested(47).unwrap_err();
        assert!(matches!(error, LoadError::TooComplex { found: 103_823, .. }), "{error}");
        let wide = "(core module $m)".to_owned() + &"(core instance (instantiate $m))".repeat(500);
        check_text(&wide).unwrap();
    }

    #[test]
    fn what_a_function_is_made_of_is_capped() {
        let function = |body: &str| module(&format!("(func (param i32) {body})"));
        // Two bytes of the body are its end and its empty list of locals.
        expect_edge("bytes in one function", 1 << 20, |n| function(&"nop ".repeat(n - 2)));
        expect_edge("locals in one function", 5_000, |n| function(&format!("(local {})", "i32 ".repeat(n - 1))));
        expect_edge("blocks in each other in one function", 10_000, |n| {
            function(&("block ".repeat(n) + &"end ".repeat(n)))
        });
        expect_edge("loops in each other", 32, |n| function(&("loop block ".repeat(n) + &"end end ".repeat(n))));
        let consts = |n: usize| function(&("i32.const 1 ".repeat(n) + &"drop ".repeat(n)));
        expect_edge("operands on the stack of one function", 1_024, consts);
        expect_edge("branches in one function", 32_768, |n| function(&"block end ".repeat(n)));
        let table = |n| function(&format!("block local.get 0 br_table {} end", "0 ".repeat(n + 1)));
        expect_edge("targets of branch tables in one function", 65_536, table);
    }

    #[test]
    fn what_makes_many_values_live_at_once_is_capped_in_one_function_and_in_all() {
        let function =
            |locals: usize| format!("(func (local {}) {})", "i32 ".repeat(locals), "block end ".repeat(16_000));
        check_text(&module(&function(250))).unwrap();
        let error = check_text(&module(&function(251))).unwrap_err().to_string();
        let expected = "component has 4016000 branches times locals in one function, allowed are 4000000: ";
        assert!(error.starts_with(expected), "{error}");
        check_text(&module(&function(250).repeat(15))).unwrap();
        let error = check_text(&module(&function(250).repeat(16))).unwrap_err().to_string();
        assert!(error.contains("64000000 branches in all functions, each times its function's locals"), "{error}");
    }

    #[test]
    fn loops_one_after_the_other_are_not_in_each_other() {
        check_text(&module(&format!("(func {})", "loop end ".repeat(1_000)))).unwrap();
    }

    #[test]
    fn what_is_not_valid_is_told_in_one_line() {
        let error = check_text(&module("(func (result i32))")).unwrap_err().to_string();
        assert!(error.starts_with("component is malformed or uses a feature that is switched off: type mismatch"));
        assert!(!error.contains('\n'), "{error}");
    }

    #[cfg(feature = "builtin")]
    #[test]
    fn the_built_in_exporters_pass() {
        for name in spangate_builtin::names() {
            let bytes = spangate_builtin::component(name).unwrap();
            check(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
