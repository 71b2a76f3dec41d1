//! See `spangate_fuzz::context`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| spangate_fuzz::context::check(data));
