//! libFuzzer's entry: the same targets as `teal-conformance fuzz`, chosen by `TEAL_FUZZ_TARGET`.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../conformance/src/fuzz/targets.rs"]
mod targets;

static TARGET: OnceLock<targets::Target> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("TEAL_FUZZ_TARGET").unwrap_or_default();
        name.parse().unwrap_or_else(|error| panic!("TEAL_FUZZ_TARGET: {error}"))
    });
    target.run(input);
});
