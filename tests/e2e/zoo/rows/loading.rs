//! Those that are not loaded: bombs for the compiler, other worlds, features that are off.

use super::super::specimen::Specimen;

const TURNED_OFF: &str = "malformed or uses a feature that is switched off";

pub(super) const ROWS: &[Specimen] = &[
    Specimen::wat("Z40", "compile_bomb").refused(&["400 loops in each other, allowed are"]),
    Specimen::wat("Z40", "flood_of_instances").refused(&["instances", "allowed are"]),
    Specimen::wat("Z40", "giant_memory").refused(&["bytes of memory to start", "raise limits.memory"]),
    Specimen::wat("Z41", "core_module").refused(&["a core WebAssembly module, not a component"]),
    Specimen::wat("Z41", "other_world").refused(&["no `spangate:exporter/lifecycle`", "wasi:cli/run@0.2.0"]),
    Specimen::wat("Z41", "newer_track").refused(&["built for track 1.0", "use a newer spangate"]),
    Specimen::wat("Z41", "sockets").refused(&["wasi:sockets/tcp@0.2.0", "use `spangate:exporter/http`"]),
    Specimen::wat("Z41", "unknown_import").refused(&["acme-forged-line:ledger/all-the-keys-of-the-house@1.0.0"]),
    Specimen::wat("Z41", "unwritten_import").refused(&["spangate:exporter/sockets@0.1.0", "use a newer spangate"]),
    Specimen::wat("Z41", "missing_function").refused(&["does not fit the contract"]),
    Specimen::wat("Z43", "gc").refused(&[TURNED_OFF]),
    Specimen::wat("Z43", "threads").refused(&[TURNED_OFF]),
    Specimen::wat("Z43", "memory64").refused(&[TURNED_OFF]),
    Specimen::wat("Z43", "exceptions").refused(&[TURNED_OFF]),
    Specimen::wat("Z43", "tail_call").refused(&[TURNED_OFF]),
    Specimen::wat("Z43", "multi_memory").refused(&[TURNED_OFF]),
    Specimen::wat("Z43", "two_modules_with_memory").refused(&["needs 2 linear memories, allowed are 1"]),
    Specimen::wat("Z43", "async_lifted").refused(&[TURNED_OFF]),
    Specimen::wat("Z43", "utf16").refused(&["only UTF-8"]),
    Specimen::wat("Z43", "latin1").refused(&["only UTF-8"]),
    Specimen::wat("Z93", "start_trap").refused(&["stopped in instantiation", "trapped"]),
    Specimen::wat("Z93", "late_data").refused(&["stopped in instantiation", "trapped"]),
];
