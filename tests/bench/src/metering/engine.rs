//! The sandbox's engine, with fuel or without.

use wasmtime::{Config, Engine, WasmBacktraceDetails};

/// Settings of the sandbox that make a difference to compiled code or to calls.
///
/// # Errors
/// If this machine cannot run compiled code of that kind.
pub(super) fn engine(burns_fuel: bool) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .strategy(wasmtime::Strategy::Cranelift)
        .signals_based_traps(true)
        .consume_fuel(burns_fuel)
        .epoch_interruption(false)
        .concurrency_support(false)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .memory_init_cow(true)
        .gc_support(false)
        .shared_memory(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_relaxed_simd(false);
    Engine::new(&config)
}
