//! See `spangate_fuzz::otlp_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| spangate_fuzz::otlp_json::check(data));
