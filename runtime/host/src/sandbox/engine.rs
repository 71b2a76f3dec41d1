//! The engine: one per sandbox, so that two runtimes share nothing.
//!
//! Fuel and no epochs (both together cost 1.4 times, either alone 1.2); no concurrency support (a host call is 2.7 times
//! cheaper without it); every proposal that ordinary toolchains do not need is off. The cargo features `gc` and
//! `threads` stay compiled in and are switched off here: builds without them had aborts of their own. What a component
//! would keep for debuggers alone, a quarter of it, is left out: a backtrace needs the names of functions and no more.

use std::num::NonZeroUsize;

use wasmtime::{Config, Engine, WasmBacktraceDetails};

/// Stack of a guest, in bytes.
const GUEST_STACK_BYTES: usize = 512 << 10;
/// Stack of a call, in bytes: the guest's and that of the host functions it calls.
const CALL_STACK_BYTES: usize = 2 << 20;
/// Frames kept of a backtrace.
const BACKTRACE_FRAMES: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// An engine with every setting of ours. Without `signal_handlers` the process's handlers of SIGSEGV, SIGFPE and SIGILL
/// stay as they are: compiled code checks every access to memory and every division itself.
///
/// # Errors
/// If this machine cannot run compiled code of that kind.
pub(super) fn build_engine(signal_handlers: bool) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    #[cfg(feature = "compiler")]
    config.strategy(wasmtime::Strategy::Cranelift);
    config
        .signals_based_traps(signal_handlers)
        .consume_fuel(true)
        .epoch_interruption(false)
        .concurrency_support(false)
        .max_wasm_stack(GUEST_STACK_BYTES)
        .async_stack_size(CALL_STACK_BYTES)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES))
        .generate_address_map(false)
        .debug_symbols(false)
        .native_unwind_info(false)
        .memory_init_cow(true);
    #[cfg(target_os = "linux")]
    config.with_host_stack(std::sync::Arc::new(super::stacks::Stacks::default()));
    switch_proposals_off(&mut config);
    Engine::new(&config)
}

fn switch_proposals_off(config: &mut Config) {
    config
        .gc_support(false)
        .shared_memory(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        .wasm_extended_const(false)
        .wasm_relaxed_simd(false)
        .wasm_stack_switching(false)
        .wasm_component_model_error_context(false)
        .wasm_component_model_gc(false)
        .wasm_component_model_map(false)
        .wasm_component_model_fixed_length_lists(false);
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;

    use super::*;

    fn compile(module: &str) -> wasmtime::Result<Component> {
        let bytes = wat::parse_str(format!("(component (core module {module}))")).unwrap();
        Component::from_binary(&build_engine(true).unwrap(), &bytes)
    }

    #[test]
    fn what_toolchains_emit_compiles() {
        compile(
            "(memory 1) (table 2 funcref) (global (mut i32) (i32.const 1))
             (func (param v128 i32) (result i32)
                (memory.fill (i32.const 0) (i32.const 0) (i32.const 1))
                (i32.trunc_sat_f32_s (f32.const 1)) (i32.extend8_s))",
        )
        .unwrap();
    }

    #[test]
    fn what_they_do_not_need_is_refused() {
        for module in [
            "(memory i64 1)",
            "(memory 1) (memory 1)",
            "(memory 1 1 shared)",
            "(type (struct (field i32)))",
            "(tag)",
            "(func $f (return_call $f))",
            "(memory 1 (pagesize 1))",
            "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
            "(func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd)",
        ] {
            assert!(compile(module).is_err(), "{module}");
        }
    }
}
