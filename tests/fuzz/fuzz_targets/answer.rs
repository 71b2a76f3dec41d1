//! See `spangate_fuzz::answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| spangate_fuzz::answer::check(data));
