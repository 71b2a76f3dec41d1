//! See `spangate_fuzz::receiver_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| spangate_fuzz::receiver_body::check(data));
