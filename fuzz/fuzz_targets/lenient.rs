#![no_main]

#[path = "../checks/dialects.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::lenient(data));
