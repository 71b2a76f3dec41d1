//! See `spangate_fuzz::component`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| spangate_fuzz::component::check(data));
