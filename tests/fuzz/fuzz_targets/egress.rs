//! See `spangate_fuzz::egress`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| spangate_fuzz::egress::check(data));
