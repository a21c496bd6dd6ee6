#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| scim_conformance::fuzz::patch_path(data));
